"""Bytes from anywhere as text, piece by piece."""

import codecs
import json
import re
from typing import BinaryIO

REPLACEMENT = "\ufffd"
# So many bytes are a file's head.
HEAD = 2**16
_BLANK = re.compile("[\\s\ufeff]*")


class Pieces:
    """Text of a stream in UTF-8, or UTF-16 or UTF-32 as its first bytes tell.

    What is none becomes U+FFFD: `undecodable` counts these, `first` is the byte
    where the first piece with one begins. `bytes_read` is how far reading is.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder: codecs.IncrementalDecoder | None = None
        self.undecodable = 0
        self.bytes_read = 0
        self.first: int | None = None

    def read(self, size: int) -> str:
        """Some more text; empty only at the end."""
        while True:
            data = self._stream.read(size)
            if self._decoder is None:
                encoding = encoding_of(data)
                self._decoder = codecs.getincrementaldecoder(encoding)("replace")
            text = self._decoder.decode(data, final=not data)
            if REPLACEMENT in text:
                self._count(text, data)
            self.bytes_read += len(data)
            if text or not data:
                return text

    def _count(self, text: str, data: bytes) -> None:
        wrong = text.count(REPLACEMENT) - data.count(REPLACEMENT.encode())
        if wrong > 0:
            self.undecodable += wrong
            if self.first is None:
                at = text.index(REPLACEMENT)
                self.first = self.bytes_read + len(text[:at].encode())


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes tell."""
    return json.detect_encoding(head)


def beginning(head: bytes) -> str:
    """A file's first bytes as text, from the first character on that is no blank."""
    return _BLANK.sub("", head.decode(encoding_of(head), "replace"), count=1)
