"""Text that comes in pieces: whole characters, and no white space around it."""

import codecs
from collections.abc import Iterable


class Characters:
    """Turns tokens' bytes into text as they come.

    Bytes of an unfinished character wait for the rest; bytes that are no UTF-8, and
    NUL, which the history cannot hold, become U+FFFD.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, data: bytes) -> str:
        """The text that is certain now; may be empty."""
        return self._decoder.decode(data).replace("\0", "\ufffd")

    def flush(self) -> str:
        """The text left at the end; an unfinished character becomes U+FFFD."""
        return self._decoder.decode(b"", final=True)


class Edges:
    """Leaves out the white space around a text that comes in pieces.

    Blank lines at the start are dropped, and white space at the end is held back
    until something follows: models write a newline before their end token. With
    `strips_space` one space at the start is dropped too.
    """

    def __init__(self, strips_space: bool = False) -> None:
        self._strips_space = strips_space
        self._held = ""
        self._started = False

    def push(self, text: str) -> str:
        """The text that is certain now; may be empty."""
        text = self._held + text
        ready = text.rstrip()
        if ready and not self._started:
            # Only whole blank lines: the first line may be indented.
            start = len(text) - len(text.lstrip())
            start = text.rfind("\n", 0, start) + 1
            if self._strips_space and text.startswith(" ", start):
                start += 1
            text, ready = text[start:], ready[start:]
            self._started = True
        self._held = text[len(ready) :]
        return ready


def texts_of(tokens: Iterable[bytes]) -> tuple[str, ...]:
    """The text that is complete with each token; a character's last one has it."""
    characters = Characters()
    return tuple(characters.push(data) for data in tokens)
