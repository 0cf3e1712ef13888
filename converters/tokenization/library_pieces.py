"""SentencePiece's BPE in the form of the `tokenizers` library."""

import json
import re
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer as Library

from ..errors import ConversionError, shown
from .base import (
    IM_END,
    IM_START,
    PROBES,
    changed_text,
    decode_bytes,
    without_surrogates,
)
from .pieces import SPACE

_BYTE = re.compile("<0x([0-9A-F]{2})>")


class LibraryPieceTokenizer:
    """A `tokenizer.json` that `library_form` made of a SentencePiece model.

    It is what mlx-lm writes beside a model that it converts, and gives the same ids as
    the file it was made of. Raises `ConversionError` when it is damaged or of another
    form.
    """

    kind = "sentencepiece"
    strips_space = False

    def __init__(self, data: bytes, name: str = "tokenizer.json") -> None:
        try:
            content: dict[str, Any] = json.loads(data)
            model, added = content["model"], content["added_tokens"]
            vocabulary: dict[str, int] = {**model["vocab"]}
            vocabulary |= {token["content"]: token["id"] for token in added}
            joined = {"".join(pair) for pair in model["merges"]}
            if not model["byte_fallback"]:
                raise ValueError("no pieces")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConversionError(f"{name} is no tokenizer of Genesis.") from error
        try:
            self._library = Library.from_str(json.dumps(content))
            self._library.encode_special_tokens = True
            self._library.no_truncation()
            self._library.no_padding()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the library's panics are no Exception
            raise ConversionError(
                f"{name} cannot be used as a tokenizer: {shown(str(error))}."
            ) from error
        self.vocab_size = len(vocabulary)
        if sorted(vocabulary.values()) != list(range(self.vocab_size)):
            raise ConversionError(f"{name} has gaps in its token ids.")
        missing = [text for text in (IM_START, IM_END) if text not in vocabulary]
        if missing:
            raise ConversionError(f"{name} has no piece {missing[0]}.")
        self.im_start, self.im_end = vocabulary[IM_START], vocabulary[IM_END]
        self._bytes = [b""] * self.vocab_size
        self._byte_ids: dict[int, int] = {}
        for token, index in vocabulary.items():
            if byte := _BYTE.fullmatch(token):
                self._byte_ids[int(byte[1], 16)] = index
                self._bytes[index] = bytes.fromhex(byte[1])
            elif len(token) == 1 or token in joined:
                # Any other token is one that no text becomes.
                self._bytes[index] = token.replace(SPACE, " ").encode()
        if len(self._byte_ids) != 256:
            raise ConversionError(
                f"{name} lacks byte pieces, so it cannot write every text."
            )
        if self._byte_ids[0x20] in self.encode("a b"):
            raise ConversionError(f"{name} does not write spaces as pieces.")
        for probe in PROBES:
            if (changed := self.decode(self.encode(probe))) != probe:
                raise ConversionError(changed_text(name, probe, changed))
        if not {self.im_start, self.im_end}.isdisjoint(self.encode(IM_START + IM_END)):
            raise ConversionError(
                f"{name} finds control tokens in what a person types."
            )

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of content; never a control id."""
        ids: list[int] = []
        space = [self._byte_ids[byte] for byte in SPACE.encode()]
        for index, part in enumerate(without_surrogates(text).split(SPACE)):
            ids += space if index else []
            ids += self._library.encode(part, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Text of the ids; control ids have none."""
        return decode_bytes(self._bytes, ids)

    def token_bytes(self, id: int) -> bytes:
        """The bytes a token stands for; b"" for control ids and unknown ids."""
        return self._bytes[id] if 0 <= id < self.vocab_size else b""
