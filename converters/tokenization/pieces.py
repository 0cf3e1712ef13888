"""The SentencePiece tokenizer of small Genesis models."""

import re
from collections.abc import Iterable

import sentencepiece

from ..errors import ConversionError
from .base import (
    IM_END,
    IM_START,
    PROBES,
    changed_text,
    decode_bytes,
    without_surrogates,
)

SPACE = "\u2581"

_SPECIAL = re.compile(f"({re.escape(IM_START)}|{re.escape(IM_END)}|{SPACE})")


class PieceTokenizer:
    """A `tokenizer.model` that holds the control tokens as pieces.

    SentencePiece finds user-defined pieces in plain text, so content is cut inside
    every occurrence of a control token's text before it is encoded. U+2581, with
    which SentencePiece writes spaces, is encoded as its bytes.

    Raises `ConversionError` when the file is damaged, lacks the control tokens or
    the 256 byte pieces, or changes text on the way (added or removed spaces).
    """

    kind = "sentencepiece"
    strips_space = False

    def __init__(self, data: bytes, name: str = "tokenizer.model") -> None:
        self._bytes: list[bytes] = []
        try:
            self._library = sentencepiece.SentencePieceProcessor()
            self._library.LoadFromSerializedProto(data)
            self.vocab_size: int = self._library.vocab_size()
            byte_ids = self._read_pieces()
        except (RuntimeError, OSError, ValueError, IndexError) as error:
            raise ConversionError(
                f"{name} is not a SentencePiece model; download it again."
            ) from error
        if len(byte_ids) != 256:
            raise ConversionError(
                f"{name} lacks byte pieces, so it cannot write every text."
            )
        self._space = [byte_ids[byte] for byte in SPACE.encode()]
        self.im_start = self._control(IM_START, name)
        self.im_end = self._control(IM_END, name)
        for probe in PROBES:
            if (changed := self.decode(self.encode(probe))) != probe:
                raise ConversionError(changed_text(name, probe, changed))

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of content; never a control id."""
        ids: list[int] = []
        start = 0
        text = without_surrogates(text)
        for match in _SPECIAL.finditer(text):
            at = match.start()
            if match[0] == SPACE:
                ids += self._plain(text[start:at])
                ids += self._space
                start = match.end()
            else:
                ids += self._plain(text[start : at + 1])
                start = at + 1
        return ids + self._plain(text[start:])

    def decode(self, ids: Iterable[int]) -> str:
        """Text of the ids; control ids have none."""
        return decode_bytes(self._bytes, ids)

    def token_bytes(self, id: int) -> bytes:
        """The bytes a token stands for; b"" for control ids and unknown ids."""
        return self._bytes[id] if 0 <= id < self.vocab_size else b""

    def _read_pieces(self) -> dict[int, int]:
        """Fill the table of bytes; returns byte -> id of its piece."""
        library = self._library
        byte_ids = {}
        for index in range(self.vocab_size):
            piece: str = library.id_to_piece(index)
            if library.is_byte(index):
                byte = int(piece[1:-1], 16)
                byte_ids[byte] = index
                self._bytes.append(bytes([byte]))
            elif library.is_control(index) or library.is_unknown(index):
                self._bytes.append(b"")
            else:
                self._bytes.append(piece.replace(SPACE, " ").encode())
        return byte_ids

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self._library.encode(text) if text else []
        return ids

    def _control(self, piece: str, name: str) -> int:
        index: int = self._library.piece_to_id(piece)
        if self._library.id_to_piece(index) != piece:
            raise ConversionError(f"{name} has no piece {piece}.")
        self._bytes[index] = b""
        return index
