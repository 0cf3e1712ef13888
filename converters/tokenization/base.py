"""What every tokenizer does, and what Genesis's two do besides."""

import re
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from ..errors import shown

IM_START = "<|im_start|>"
IM_END = "<|im_end|>"

# Embedding tables are padded up to a multiple of this; the added rows mean nothing.
PADDING = 128

# Texts a tokenizer must give back as they were: spaces, line ends, unusual letters.
PROBES = ("a", " a", "a ", "  a  b\n\n", "\ta\r\n", "Ab e\u0301\ufb01\uff21", "\0")

_SURROGATES = re.compile("[\ud800-\udfff]")


class Tokenizer(Protocol):
    """Text to token ids and back.

    Attributes:
        kind: "neox", "sentencepiece" or "hugging_face".
        vocab_size: number of ids, the control tokens included.
        strips_space: the space before a text's first word stands for nothing.
    """

    kind: str
    vocab_size: int
    strips_space: bool

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of content; never a control id, whatever the text says.

        Lone surrogates, which are no characters, become U+FFFD.
        """
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Text of the ids; control ids and unknown ids have none.

        Bytes that are not UTF-8 become U+FFFD.
        """
        ...

    def token_bytes(self, id: int) -> bytes:
        """The bytes a token stands for: b"" for control ids and ids without text."""
        ...


@runtime_checkable
class GenesisTokenizer(Tokenizer, Protocol):
    """A tokenizer with Genesis's two control tokens.

    Attributes:
        im_start: id of `<|im_start|>`, which opens a message.
        im_end: id of `<|im_end|>`, which closes one.
    """

    im_start: int
    im_end: int


def byte_of_character() -> dict[str, int]:
    """The printable stand-ins that byte-level BPE writes for the 256 bytes."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in kept]
    return {chr(byte): byte for byte in kept} | {
        chr(0x100 + position): byte for position, byte in enumerate(others)
    }


def without_surrogates(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def decode_bytes(table: list[bytes], ids: Iterable[int]) -> str:
    """UTF-8 text of the ids' bytes; ids outside the table have none."""
    size = len(table)
    data = b"".join(table[i] for i in ids if 0 <= i < size)
    return data.decode("utf-8", errors="replace")


def changed_text(name: str, text: str, changed: str) -> str:
    """A sentence about a tokenizer that does not give a text back."""
    return (
        f"{name} changes text, as {shown(repr(text))} becomes {shown(repr(changed))}; "
        "a Genesis tokenizer must leave it as it is."
    )


def size_problem(name: str, tokens: int, vocab_size: int) -> str | None:
    """A sentence when a tokenizer cannot belong to a model of `vocab_size` rows."""
    if tokens <= vocab_size <= -(-tokens // PADDING) * PADDING:
        return None
    return (
        f"{name} has {tokens:,} tokens with the control tokens, but the model has "
        f"{vocab_size:,}; pass the model's own with --tokenizer."
    )
