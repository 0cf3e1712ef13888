"""What llama.cpp makes of SmolLM2, kept in goldens/smollm2.json, and what it is asked.

goldens/make_smollm2.py makes the file. `digests` are of the ids of each of `texts`,
as content and with control tokens in it; `replies` are greedy, in float32.
"""

import hashlib
import json
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "goldens" / "smollm2.json"
SYSTEM = "You are a helpful assistant."
REPLY_TOKENS = 24
PROMPTS = (
    "What is the capital of France?",
    "Write a haiku about the sea.",
    "Explain gravity to a child.",
    "List three fruits.",
    "What is 12 + 30?",
    "Translate 'good morning' into Spanish.",
    "Who wrote Hamlet?",
    "Give me a recipe for pancakes.",
    "Why is the sky blue?",
    "Write a Python function that adds two numbers.",
    "My name is Anna. What is my name?",
    "Tell me a joke.",
    "What do bees make?",
    "Summarise: The cat sat on the mat because it was warm.",
    "Name a planet with rings.",
    "How do I boil an egg?",
    "Is water wet?",
    "Continue: Once upon a time there was a",
    "Comment dit-on merci en anglais ?",
    "What's the difference between a list and a tuple?",
)
TEXTS = 2_000
WORDS = [
    "the",
    "of",
    "and",
    "Paris",
    "naïve",
    "café",
    "Straße",
    "北京",
    "日本語",
    "한국",
    "привет",
    "שלום",
    "مرحبا",
    "😀",
    "👩\u200d👧",
    "don't",
    "I'M",
    "we'll",
    "3.14",
    "12345",
    "0x1F",
    "__init__",
    "</s>",
    "<|im_end|>",
    "<s>",
    "==",
    "=>",
    ":::",
    "---",
    "...",
    "(",
    ")",
    "{",
    "}",
    "é",
    "½",
    "²",
    "Ⅷ",
    "٣",
    "a_b",
    "camelCase",
]
SPACES = ("", " ", "  ", "\n", "\t", "\r\n", "\n\n ", "\u00a0", "\u3000", "\u2581")
RANGES = ((32, 127), (9, 14), (160, 0x600), (0x3000, 0x9FFF), (0x1F300, 0x1F650))


def texts() -> list[str]:
    rng = random.Random(7)

    def words() -> str:
        count = rng.randrange(1, 14)
        return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(count))

    def characters() -> str:
        count = rng.randrange(1, 40)
        return "".join(chr(rng.randrange(*rng.choice(RANGES))) for _ in range(count))

    return [words() if n % 3 else characters() for n in range(TEXTS)]


def chatml(prompt: str) -> str:
    """A prompt in SmolLM2's form, written down by hand."""
    turns = [("system", SYSTEM), ("user", prompt)]
    said = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)
    return f"{said}<|im_start|>assistant\n"


def digest(ids: Sequence[int]) -> str:
    """Eight characters that tell ids apart."""
    packed = struct.pack(f"<{len(ids)}I", *ids)
    return hashlib.sha256(packed).hexdigest()[:8]


def read() -> dict[str, Any]:
    """The file."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found
