"""The GPT-NeoX tokenizer (byte-level BPE) with Genesis's two control tokens."""

import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer as Library

from ..errors import ConversionError, shown
from .base import (
    IM_END,
    IM_START,
    PROBES,
    byte_of_character,
    changed_text,
    decode_bytes,
    without_surrogates,
)

CONTROL = (IM_START, IM_END)
# GPT-NeoX's own has no token for some of these.
NOT_IN_UTF8 = frozenset({0xC0, 0xC1, *range(0xF5, 0x100)})


class NeoxTokenizer:
    """A `tokenizer.json` whose control tokens are the two ids after its own.

    For the 50,277 tokens of GPT-NeoX these are 50277 and 50278. Ids are given to
    control tokens by the caller only; in content their text is ordinary text.

    Raises `ConversionError` when the file is damaged, is not byte-level BPE, has the
    control tokens under other ids, or changes text (composing accents apart).
    """

    kind = "neox"
    strips_space = False

    def __init__(self, data: bytes, name: str = "tokenizer.json") -> None:
        content = _parse(data, name)
        _check_form(content, name)
        added = content["added_tokens"]
        own = {t["content"]: t["id"] for t in added if t["content"] in CONTROL}
        content["added_tokens"] = [t for t in added if t["content"] not in CONTROL]
        self._library = _build(content, name)
        vocabulary = self._library.get_vocab(with_added_tokens=True)
        own |= {text: vocabulary.pop(text) for text in CONTROL if text in vocabulary}
        base = len(vocabulary)
        if max(vocabulary.values(), default=-1) + 1 != base:
            raise ConversionError(f"{name} has gaps in its token ids.")
        self.im_start, self.im_end = base, base + 1
        self.vocab_size = base + 2
        for text, expected in zip(CONTROL, (base, base + 1), strict=True):
            if own.get(text, expected) != expected:
                raise ConversionError(
                    f"{name} has {text} as token {own[text]}, but Genesis has it as "
                    f"{expected}, the next after the other {base:,} tokens."
                )
        if not {base, base + 1}.isdisjoint(self.encode("".join(CONTROL))):
            raise ConversionError(
                f"{name} finds control tokens in what a person types."
            )
        special = {t["content"] for t in content["added_tokens"] if t["special"]}
        self._bytes = [b""] * self.vocab_size
        unmap = byte_of_character()
        for token, index in vocabulary.items():
            if token not in special:
                self._bytes[index] = _token_bytes(token, unmap)
        missing = {
            byte for character, byte in unmap.items() if character not in vocabulary
        }
        self._check_content(content, missing - NOT_IN_UTF8, name)

    def _check_content(
        self, content: dict[str, Any], missing: set[int], name: str
    ) -> None:
        if missing:
            raise ConversionError(
                f"{name} lacks byte tokens, so it cannot write every text."
            )
        if content["model"].get("dropout"):
            raise ConversionError(
                f"{name} has a dropout, so it encodes one text in several ways; "
                "set it to null."
            )
        # Added tokens may swallow the spaces around them.
        added = [f"a {t['content']} a" for t in content["added_tokens"]]
        for probe in (*PROBES, *added):
            expected = unicodedata.normalize("NFC", probe)
            if (changed := self.decode(self.encode(probe))) not in (probe, expected):
                raise ConversionError(changed_text(name, probe, changed))
        # Probes cannot show every letter that a normaliser replaces.
        normalizer = content.get("normalizer")
        if normalizer is not None and normalizer != {"type": "NFC"}:
            raise ConversionError(
                f"{name} changes text with a normaliser; a Genesis tokenizer has none "
                "or NFC."
            )

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of content; never a control id."""
        text = without_surrogates(text)
        return self._library.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Iterable[int]) -> str:
        """Text of the ids; control ids have none."""
        return decode_bytes(self._bytes, ids)

    def token_bytes(self, id: int) -> bytes:
        """The bytes a token stands for; b"" for control ids and unknown ids."""
        return self._bytes[id] if 0 <= id < self.vocab_size else b""


def _parse(data: bytes, name: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConversionError(
            f"{name} is not valid JSON; download it again."
        ) from error
    tokens = content.get("added_tokens", []) if isinstance(content, dict) else None
    if not isinstance(tokens, list) or not all(
        isinstance(token, dict)
        and isinstance(token.get("content"), str)
        and type(token.get("id")) is int
        and isinstance(token.get("special"), bool)
        for token in tokens
    ):
        raise ConversionError(
            f"{name} holds JSON that is no tokenizer; download it again."
        )
    assert isinstance(content, dict)
    return {
        **content,
        # A token written like a marker must not be found in what a person types.
        "added_tokens": [
            t | {"special": t["special"] or t["content"].startswith("<|")}
            for t in tokens
        ],
        "truncation": None,
        "padding": None,
        "post_processor": None,
    }


def _check_form(content: dict[str, Any], name: str) -> None:
    def kind(part: str) -> Any:
        value = content.get(part)
        return value.get("type") if isinstance(value, dict) else None

    if (kind("model"), kind("pre_tokenizer"), kind("decoder")) != (
        "BPE",
        "ByteLevel",
        "ByteLevel",
    ):
        raise ConversionError(
            f"{name} is not a GPT-NeoX tokenizer (byte-level BPE), "
            "the only kind of tokenizer.json that Genesis uses."
        )


def _build(content: dict[str, Any], name: str) -> Library:
    try:
        library = Library.from_str(json.dumps(content))
        library.encode_special_tokens = True
        library.encode("probe", add_special_tokens=False)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library's panics are no Exception
        raise ConversionError(
            f"{name} cannot be used as a tokenizer: {shown(str(error))}."
        ) from error
    return library


def _token_bytes(token: str, unmap: dict[str, int]) -> bytes:
    # Added tokens are plain text: one with a character that stands for no byte is
    # not in the stand-ins' alphabet.
    mapped = [unmap.get(character) for character in token]
    if any(byte is None for byte in mapped):
        return token.encode()
    return bytes(byte for byte in mapped if byte is not None)
