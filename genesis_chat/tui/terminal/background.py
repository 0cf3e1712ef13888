"""Whether the terminal's background is dark: it is asked, and need not answer.

The question is OSC 11 (xterm's control sequences); one for the terminal's kind, which
all of them answer, follows, so that nobody waits for an answer that will not come. It
is sent early and read late: meanwhile the program loads what it needs.
"""

import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

# From the question on.
LIMIT_SECONDS = 0.3
QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
_COLOUR = rb"\x1b\]11;rgba?:([0-9a-fA-F/]{5,19})(?:\x07|\x1b\\)"
_KIND = rb"\x1b\[\?[\d;]*c"
_ANSWER = re.compile(_COLOUR + b"|" + _KIND)
_SIZE = 4096


@dataclass
class Asked:
    """The question that was put to a terminal.

    `typed` is what else came meanwhile, the answers taken out: keys of somebody.
    """

    terminal: int | None = None
    since: float = 0.0
    typed: bytes = b""

    def is_dark(self) -> bool:
        """What the terminal says, or else what its environment says, or else yes."""
        came = self._read() if self.terminal is not None else b""
        self.typed = _ANSWER.sub(b"", came)
        colour = re.search(_COLOUR, came)
        dark = _dark(colour[1]) if colour else from_environment(os.environ)
        return True if dark is None else dark

    def _read(self) -> bytes:
        assert self.terminal is not None
        came, until = b"", self.since + LIMIT_SECONDS
        with suppress(OSError):
            while not re.search(_KIND, came):
                left = max(0.0, until - time.monotonic())
                if not select.select([self.terminal], [], [], left)[0]:
                    break
                part = os.read(self.terminal, _SIZE)
                if not part:
                    break
                came += part
        return came


@contextmanager
def asked(*, ask: bool = True) -> Iterator[Asked]:
    """Ask the terminal, which echoes nothing meanwhile.

    Nothing is asked where a standard stream is no terminal, nor on Windows.
    """
    streams = [sys.__stdin__, sys.__stderr__]
    if not ask or sys.platform == "win32" or not all(s and s.isatty() for s in streams):
        yield Asked()
        return
    import termios
    import tty

    terminal, shown = (stream.fileno() for stream in streams if stream)
    try:
        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal, termios.TCSADRAIN)
    except (OSError, termios.error):
        yield Asked()
        return
    try:
        os.write(shown, QUESTION)
        yield Asked(terminal, time.monotonic())
    finally:
        with suppress(OSError, termios.error):
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def from_environment(values: Mapping[str, str]) -> bool | None:
    """What `COLORFGBG` says (rxvt: foreground;background of sixteen colours)."""
    ground = values.get("COLORFGBG", "").rpartition(";")[2]
    if not ground.isdecimal() or int(ground) > 15:
        return None
    return int(ground) < 7 or int(ground) == 8


def _dark(colour: bytes) -> bool | None:
    """`rrrr/gggg/bbbb`, of one to four digits each."""
    parts = colour.split(b"/")[:3]
    if len(parts) < 3 or not all(parts):
        return None
    red, green, blue = (int(part, 16) / float(16 ** len(part) - 1) for part in parts)
    return bool(0.299 * red + 0.587 * green + 0.114 * blue < 0.5)
