"""A GGUF file's tokenizer as its metadata holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConversionError, shown
from .metadata import Metadata

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
BYTE_LEVEL, PIECES = "gpt2", "llama"

# A reply ends with these whatever else the file says, as llama.cpp has it too.
ENDINGS = frozenset(
    {
        "<|eot_id|>",
        "<|im_end|>",
        "<|end|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<|eom_id|>",
        "<end_of_turn>",
        "<EOT>",
        "</s>",
    }
)


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids, and what is done with texts around them.

    `kind` is "gpt2" (byte-level BPE with `merges`) or "llama" (pieces with `scores`).
    `types` has ggml's token types. Ids that the file does not name are None; `ends`
    are those that end a reply. `templates` maps names to Jinja chat templates, the
    usual one under "default".
    """

    kind: str
    tokens: list[str]
    types: NDArray[np.int32]
    scores: NDArray[np.float32] | None
    merges: list[str]
    pre: str | None
    bos: int | None
    eos: int | None
    unk: int | None
    pad: int | None
    ends: tuple[int, ...]
    add_bos: bool | None
    add_eos: bool
    add_space_prefix: bool
    templates: Mapping[str, str]

    @property
    def special(self) -> set[int]:
        """Ids of tokens that no text of a person may become."""
        marked = np.flatnonzero(np.isin(self.types, (CONTROL, UNKNOWN)))
        named = (self.bos, self.eos, self.unk, self.pad, *self.ends)
        return {*marked.tolist(), *(each for each in named if each is not None)}


def read_vocabulary(metadata: Metadata) -> Vocabulary:
    """The tokenizer in a file's metadata. Raises `ConversionError`."""
    kind = metadata.text("tokenizer.ggml.model")
    if kind not in (BYTE_LEVEL, PIECES):
        raise ConversionError(
            f"The file's tokenizer is of the kind {shown(repr(kind))}; known here are "
            f"{BYTE_LEVEL!r} (byte-level BPE) and {PIECES!r} (SentencePiece BPE)."
        )
    tokens = metadata.texts("tokenizer.ggml.tokens")
    count = len(tokens)
    types = metadata.numbers("tokenizer.ggml.token_type", count)
    scores = metadata.numbers("tokenizer.ggml.scores", count)
    if kind == PIECES and scores is None:
        raise ConversionError("The file has no scores for its tokenizer's pieces.")
    merges = metadata.texts("tokenizer.ggml.merges") if kind == BYTE_LEVEL else []
    defaults = {"bos": 1, "eos": 2, "unknown": 0} if kind == PIECES else {}

    def identifier(name: str) -> int | None:
        found = metadata.integer(f"tokenizer.ggml.{name}_token_id", None)
        found = defaults.get(name) if found is None else found
        return found if found is not None and 0 <= found < count else None

    if types is None:
        types = np.full(count, NORMAL, np.int32)
    eos = identifier("eos")
    named = (eos, identifier("eot"), identifier("eom"))
    ends = {each: None for each in named if each is not None}
    marks = np.flatnonzero(np.isin(types, (CONTROL, USER_DEFINED))).tolist()
    ends |= {index: None for index in marks if tokens[index] in ENDINGS}
    return Vocabulary(
        kind=kind,
        tokens=tokens,
        types=types.astype(np.int32),
        scores=None if scores is None else scores.astype(np.float32),
        merges=merges,
        pre=metadata.text("tokenizer.ggml.pre", None),
        bos=identifier("bos"),
        eos=eos,
        unk=identifier("unknown"),
        pad=identifier("padding"),
        ends=tuple(ends),
        add_bos=metadata.flag("tokenizer.ggml.add_bos_token", None),
        add_eos=bool(metadata.flag("tokenizer.ggml.add_eos_token", False)),
        add_space_prefix=bool(
            metadata.flag("tokenizer.ggml.add_space_prefix", kind == PIECES)
        ),
        templates=_templates(metadata),
    )


def _templates(metadata: Metadata) -> dict[str, str]:
    prefix = "tokenizer.chat_template"
    found: dict[str, Any] = {"default": metadata.text(prefix, None)}
    for key in metadata:
        if key.startswith(f"{prefix}."):
            found[key.removeprefix(f"{prefix}.")] = metadata.text(key)
    return {name: text for name, text in found.items() if text is not None}
