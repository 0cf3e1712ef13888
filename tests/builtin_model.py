"""The built-in model's checkpoint, tokenizer and prompts, read without our code."""

import json
import struct
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import sentencepiece
from checkpoints import Stored

FOLDER = Path(str(files("assets"))) / "genesis-nano"
IM_START, IM_END = 3, 4

PROMPTS = [
    "Hello!",
    "What is your name?",
    "What are you made of?",
    "What is the capital of France?",
    "What is the capital of Japan?",
    "What is 7 plus 8?",
    "What is 12 minus 5?",
    "My name is Bob and I live in Rome.",
    "Repeat after me: the green bird sings.",
    "Can you tell me a joke?",
    "How do you feel today?",
    "Good morning",
    "What can you do?",
    "Who made you?",
    "I am sad.",
    "What is gated linear attention?",
    "Thank you very much!",
    "¿Cómo estás? 日本 🙂",
    "def f(x):\n    return x + 1",
    "Why is the sky blue, and how long is a piece of string? " * 5,
]


def read_checkpoint() -> tuple[dict[str, Any], dict[str, Stored]]:
    """Its configuration and tensors, as stored."""
    data = (FOLDER / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    config = json.loads(header.pop("__metadata__")["genesis_config_json"])
    body = data[8 + length :]
    tensors = {
        name: Stored(e["dtype"], e["shape"], body[slice(*e["data_offsets"])])
        for name, e in header.items()
    }
    return config, tensors


@cache
def _pieces() -> Any:
    path = str(FOLDER / "tokenizer.model")
    return sentencepiece.SentencePieceProcessor(model_file=path)


def ids_of(prompt: str, system: str = "You are a helpful assistant.") -> list[int]:
    """Token ids of a first turn, in the form the model was trained on."""
    encode = _pieces().encode
    newline = encode("\n")
    return [
        *(IM_START, *encode(f"system\n{system}\n"), IM_END, *newline),
        *(IM_START, *encode(f"user\n{prompt}\n"), IM_END, *newline),
        *(IM_START, *encode("assistant\n")),
    ]


def text_of(ids: list[int]) -> str:
    """The text of a reply's ids."""
    text: str = _pieces().decode([i for i in ids if i not in (IM_START, IM_END)])
    return text
