"""What a terminal sends: any bytes, and pastes that must not act."""

import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager

from ..text import sanitize

BEGIN, END = "\x1b[200~", "\x1b[201~"


class Decoder:
    """Text from bytes that need not be UTF-8; what is no character is U+FFFD.

    In a bracketed paste control characters become visible ones: Textual would leave
    the paste at an escape and take the rest for keys.
    """

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._pasting = False
        # The last characters that were given out, and those that wait for more.
        self._last = self._held = ""

    def decode(self, data: bytes, final: bool = False) -> str:
        """More text, in the order it came."""
        text, given = self._held + self._decode(data, final), []
        self._held = ""
        while text:
            part, text = (
                self._pasted(text, final) if self._pasting else self._keys(text)
            )
            given.append(part)
        found = "".join(given)
        self._last = (self._last + found)[1 - len(BEGIN) :]
        return found

    def _keys(self, text: str) -> tuple[str, str]:
        """What comes up to the beginning of a paste, which may be there in part."""
        before = self._last
        place = (before + text).find(BEGIN)
        if place < 0:
            return text, ""
        self._pasting, self._last = True, ""
        end = place + len(BEGIN) - len(before)
        return text[:end], text[end:]

    def _pasted(self, text: str, final: bool) -> tuple[str, str]:
        """What comes up to the end of a paste."""
        place = text.find(END)
        if place >= 0:
            self._pasting = False
            return _visible(text[:place]) + END, text[place + len(END) :]
        sizes = range(len(END) - 1, 0, -1)
        held = next((n for n in sizes if not final and text.endswith(END[:n])), 0)
        end = len(text) - held
        self._held = text[end:]
        return _visible(text[:end]), ""


def _visible(text: str) -> str:
    # Terminals send a carriage return for every line.
    return "\r".join(map(sanitize, text.split("\r")))


@contextmanager
def safe_input() -> Iterator[None]:
    """Meanwhile Textual reads the terminal through `Decoder`."""
    if sys.platform == "win32":
        # There characters come from the console.
        yield
        return
    from textual.drivers import linux_driver

    driver: object = linux_driver
    before = vars(linux_driver)["getincrementaldecoder"]
    setattr(driver, "getincrementaldecoder", lambda encoding: Decoder)  # noqa: B010
    try:
        yield
    finally:
        setattr(driver, "getincrementaldecoder", before)  # noqa: B010
