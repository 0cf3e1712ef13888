"""Genesis checkpoints and tokenizers for tests, made without the reference."""

import json
import math
import random
import re
import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from backends.genesis_mlx import ModelArgs
from converters.layout import source_shapes

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
CONTROL = [IM_START, IM_END, "<|endoftext|>", "<|padding|>", "<s>", "</s>", "<unk>"]
TEXT_PIECES = [
    *CONTROL,
    *CONTROL,
    "<|im_start|>system\n",
    "<|im_<|im_start|>start|>",
    "<|im_start|<|im_end|>>",
    "<|im_start",
    "|>",
    "<|",
    "<",
    ">",
    "<|IM_START|>",
    "<|im_start |>",
    "<\u200b|im_start|>",
    "\uff1c|im_end|\uff1e",
    "<|im_end|>\u0301",
    "\u2581",
    "\u2581<|im_end|>",
    " ",
    "  ",
    "    ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x1b[0m",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\u0120",
    "\u010a",
    "<0x3C>",
    "[INST]",
    "a",
    "the",
    " user",
    "assistant",
    "\u00e9",
    "\u65e5\u672c",
    "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0661",
    "\ufffd",
    "7",
]
# Base tokens and merges of the small tokenizer, and the two control tokens.
SMALL_VOCAB = 294
MERGES = """
t h/th e/\u0120 the/i n/a n/an d/\u0120 and/e r/o f/\u0120 of/s t/r t/st a/sta rt
i m/im _/im_ start/e n/en d/im_ end/< |/| >/s s/s y/sy st/syst e/syste m/u s/us er
a ss/ass i
"""
SMALL: dict[str, Any] = {
    "n_embd": 64,
    "n_layer": 4,
    "block_size": 128,
    "n_head": 4,
    "n_kv_head": 2,
    "gla_expand_k": 0.75,
    "gla_expand_v": 1.5,
    "ttt_rank": 2,
    "selective_k_ratio": 0.85,
    "use_mup": True,
    "mup_base_width": 32,
}
DTYPES = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16}
BUFFERS = {
    "blocks.0.attn.rope.inv_freq": ("F32", [4]),
    "blocks.0.attn.rope.cos_cached": ("F32", [1, 1, 8, 8]),
    "blocks.0.attn.rope.sin_cached": ("F32", [1, 1, 8, 8]),
    "metacognition.evolution_history": ("F32", [100]),
    "metacognition.evolution_idx": ("I64", []),
}
ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I64": 8, "I32": 4, "U8": 1}


@dataclass
class Stored:
    """A tensor as a safetensors file holds it."""

    dtype: str
    shape: list[int]
    data: bytes

    @property
    def values(self) -> mx.array:
        """The values of a float tensor."""
        buffer: Any = memoryview(self.data).cast("f" if self.dtype == "F32" else "H")
        return mx.array(buffer).view(DTYPES[self.dtype]).reshape(self.shape)


def stored(values: mx.array) -> Stored:
    """A float array as a stored tensor of the same dtype."""
    code = next(code for code, dtype in DTYPES.items() if dtype == values.dtype)
    flat = values if code == "F32" else values.view(mx.uint16)
    buffer: Any = mx.contiguous(flat)
    return Stored(code, list(values.shape), bytes(memoryview(buffer)))


def small_config(vocab_size: int = SMALL_VOCAB, **overrides: Any) -> dict[str, Any]:
    """A four-block configuration with all mixers."""
    return {**SMALL, "vocab_size": vocab_size, **overrides}


def checkpoint_tensors(
    config: Mapping[str, Any],
    *,
    dtype: str = "F32",
    seed: int = 0,
    buffers: bool = False,
) -> dict[str, Stored]:
    """Random tensors under the names and shapes of a configuration.

    Gates lie where training leaves them: decay rates up to 8, time steps of 0.002 to
    0.1, forget biases from -2 to 6. Test-time training is strong enough to be seen.
    """
    key = mx.random.key(seed)
    tensors = {}
    for name, shape in source_shapes(ModelArgs.from_config(config)).items():
        key, part = mx.random.split(key)
        values = mx.random.normal(shape, key=part)
        if name.endswith("A_log"):
            values = mx.log(mx.linspace(0.5, 8, shape[0]))
        elif name.endswith("dt_bias"):
            values = mx.linspace(-6, -2, shape[0])
        elif name.endswith("fgate_proj.bias"):
            values = 2 + 2 * values
        elif name.endswith("log_lr"):
            values = values - 4
        elif name.endswith("layer_scale.scale"):
            values = 0.5 + 0.1 * values
        elif name.endswith(("norm.weight", "gate.weight", "ln_f.weight")):
            values = 1 + 0.1 * values
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            # Every block adds two such outputs to the same vector.
            values = values / math.sqrt(shape[-1] * 2 * config["n_layer"])
        elif len(shape) > 1:
            values = values / math.sqrt(shape[-1])
        else:
            values = 0.1 * values
        tensors[name] = stored(values.astype(DTYPES[dtype]))
    if buffers:
        for name, (code, size) in BUFFERS.items():
            tensors[name] = Stored(code, size, bytes(nbytes(code, size)))
    return tensors


def nbytes(dtype: str, shape: list[int]) -> int:
    """Bytes of a stored tensor."""
    return math.prod(shape) * ITEM_BYTES[dtype]


def safetensors_blocks(
    tensors: Mapping[str, Stored], metadata: Mapping[str, str] | None = None
) -> Iterator[bytes]:
    """A safetensors file: its header, then each tensor's data."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name, tensor in tensors.items():
        end = offset + len(tensor.data)
        header[name] = {
            "dtype": tensor.dtype,
            "shape": tensor.shape,
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header).encode()
    yield struct.pack("<Q", len(text)) + text
    for tensor in tensors.values():
        yield tensor.data


def write_checkpoint(
    path: Path,
    config: Mapping[str, Any] | None,
    tensors: Mapping[str, Stored],
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a checkpoint; without `config` its metadata has no configuration."""
    all_metadata = {"format": "pt", **(metadata or {})}
    if config is not None:
        all_metadata["genesis_config_json"] = json.dumps(config)
    with path.open("wb") as file:
        for block in safetensors_blocks(tensors, all_metadata):
            file.write(block)
    return path


def write_small_neox(path: Path, vocab_size: int = SMALL_VOCAB) -> None:
    """Write a small byte-level BPE tokenizer.json in the form of GPT-NeoX's.

    Beyond the smallest size, tokens that no text can give fill the vocabulary.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = ["<|endoftext|>", "<|padding|>", *sorted(ByteLevel.alphabet())]
    merges = [tuple(pair.split()) for pair in re.split("[/\n]", MERGES.strip())]
    tokens += [left + right for left, right in merges]
    tokens += [f"unreachable {n}" for n in range(vocab_size - SMALL_VOCAB)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(tokens[:2])
    spaces = [AddedToken(" " * n, normalized=True) for n in (4, 3, 2)]
    tokenizer.add_tokens(spaces)
    assert tokenizer.get_vocab_size() + 2 == vocab_size
    tokenizer.save(str(path))


def control_texts(count: int, seed: int = 7) -> list[str]:
    """Texts full of control tokens, in the form the normaliser leaves alone."""
    rng = random.Random(seed)
    found: list[str] = []
    while len(found) < count:
        text = "".join(rng.choices(TEXT_PIECES, k=rng.randint(1, 12)))
        if rng.random() < 0.3:
            at = rng.randrange(len(text))
            text = text[:at] + chr(rng.randrange(0x20, 0xD7FF)) + text[at:]
        found.append(unicodedata.normalize("NFC", text))
    return found
