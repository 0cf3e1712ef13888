"""Small GGUF files, written by PyPI's gguf, and what is in them."""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import sentencepiece
from numpy.typing import NDArray

GOLDENS = Path(__file__).parent / "goldens" / "llama_cpp_ids.json"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Whole blocks of 32, and heads that are not the embedding divided among them.
HIDDEN, HEADS, GROUPS, WIDTH, INNER, CONTEXT = 64, 4, 2, 16, 96, 128
BASE = 10_000.0

Arrays = dict[str, NDArray[np.float32]]


def goldens() -> dict[str, Any]:
    """Ids that llama.cpp gave; `make_llama_cpp_ids.py` there makes them again."""
    content: dict[str, Any] = json.loads(GOLDENS.read_text(encoding="utf-8"))
    return content


def byte_level_vocabulary(merges: Sequence[str]) -> tuple[list[str], list[int]]:
    """Tokens and types: control tokens first and last, the bytes, what merges make."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in kept]
    stand_ins = [*map(chr, kept), *(chr(0x100 + n) for n in range(len(others)))]
    first = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    made = [merge.replace(" ", "") for merge in merges]
    # Words that are tokens, though no merges lead to them.
    whole = ["\u0120parrot", "parrots"]
    tokens = [*first, *stand_ins, *dict.fromkeys(made), *whole, "<think>", "</s>"]
    types = [CONTROL] * len(first) + [NORMAL] * (len(tokens) - len(first))
    types[-2:] = [USER_DEFINED, CONTROL]
    return tokens, types


def add_byte_level(writer: gguf.GGUFWriter, pre: str | None = "smollm") -> int:
    """Write the vocabulary above; returns its size."""
    merges = goldens()["merges"]
    tokens, types = byte_level_vocabulary(merges)
    writer.add_tokenizer_model("gpt2")
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    return len(tokens)


def add_pieces(writer: gguf.GGUFWriter, prefix: bool = True) -> int:
    """Write the built-in model's SentencePiece vocabulary; returns its size."""
    path = Path(str(files("assets"))) / "genesis-nano" / "tokenizer.model"
    library = sentencepiece.SentencePieceProcessor()
    library.Load(str(path))
    size = library.vocab_size()
    defined = {"<|im_start|>", "<|im_end|>", "\n"}

    def kind(index: int) -> int:
        if library.is_unknown(index):
            return UNKNOWN
        if library.is_control(index):
            return CONTROL
        if library.is_byte(index):
            return BYTE
        return USER_DEFINED if library.id_to_piece(index) in defined else NORMAL

    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([library.id_to_piece(index) for index in range(size)])
    writer.add_token_scores([library.get_score(index) for index in range(size)])
    writer.add_token_types([kind(index) for index in range(size)])
    writer.add_add_space_prefix(prefix)
    return int(size)


def weights(
    architecture: str, vocabulary: int, *, layers: int = 1, tied: bool = True
) -> Arrays:
    """Random values by the file's names, as the file has them (heads' pairs)."""
    rng = np.random.default_rng(5)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.2, shape).astype(np.float32)

    def norm(size: int) -> NDArray[np.float32]:
        return (1 + draw(size)).astype(np.float32)

    values = {"token_embd.weight": draw(vocabulary, HIDDEN)}
    for index in range(layers):
        block = {
            "attn_norm.weight": norm(HIDDEN),
            "attn_q.weight": draw(HEADS * WIDTH, HIDDEN),
            "attn_k.weight": draw(GROUPS * WIDTH, HIDDEN),
            "attn_v.weight": draw(GROUPS * WIDTH, HIDDEN),
            "attn_output.weight": draw(HIDDEN, HEADS * WIDTH),
            "ffn_norm.weight": norm(HIDDEN),
            "ffn_gate.weight": draw(INNER, HIDDEN),
            "ffn_up.weight": draw(INNER, HIDDEN),
            "ffn_down.weight": draw(HIDDEN, INNER),
        }
        if architecture == "qwen2":
            block["attn_q.bias"] = draw(HEADS * WIDTH)
            block["attn_k.bias"] = draw(GROUPS * WIDTH)
            block["attn_v.bias"] = draw(GROUPS * WIDTH)
        if architecture == "qwen3":
            block["attn_q_norm.weight"] = norm(WIDTH)
            block["attn_k_norm.weight"] = norm(WIDTH)
        values |= {f"blk.{index}.{name}": value for name, value in block.items()}
    values["output_norm.weight"] = norm(HIDDEN)
    if not tied:
        values["output.weight"] = draw(vocabulary, HIDDEN)
    return values


def write(
    path: Path,
    architecture: str = "llama",
    kind: str | Mapping[str, str] = "F32",
    *,
    layers: int = 1,
    tied: bool = True,
    values: Arrays | None = None,
    tokenizer: Callable[[gguf.GGUFWriter], int] = add_byte_level,
    change: Callable[[gguf.GGUFWriter], object] = lambda writer: None,
) -> Arrays:
    """Write a model; returns the values that a reader of the file gets.

    `kind` is the matrices' quantisation, or that of some of them by their names, where
    "" stands for the others. `change` may add to the file.
    """
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"Tiny {architecture}")
    writer.add_license("mit")
    writer.add_block_count(layers)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPS)
    writer.add_key_length(WIDTH)
    writer.add_value_length(WIDTH)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(BASE)
    size = tokenizer(writer)
    writer.add_chat_template(TEMPLATE)
    change(writer)
    if values is None:
        values = weights(architecture, size, layers=layers, tied=tied)
    kinds = {"": kind} if isinstance(kind, str) else kind
    stored = {}
    for name, value in values.items():
        wanted = kinds.get(name, kinds[""]) if value.ndim == 2 else "F32"
        dtype = gguf.GGMLQuantizationType[wanted]
        data = gguf.quantize(value, dtype)
        writer.add_tensor(name, data, raw_dtype=dtype)
        stored[name] = gguf.dequantize(data, dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return stored


def vocabulary_only(path: Path, tokenizer: Callable[[gguf.GGUFWriter], int]) -> None:
    """Write a file without weights, as llama.cpp's tests have them."""
    writer = gguf.GGUFWriter(path, "llama")
    tokenizer(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
