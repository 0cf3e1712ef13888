"""What a terminal sends: any bytes, and pastes that must not act."""

import base64
import binascii
import re
import threading
from codecs import getincrementaldecoder

from ...text import visible_controls
from .extended_keys import begun, pasted, typed

# What a terminal answers when it is asked for its background, and for its kind, which
# may come late.
_ANSWER = re.compile(r"\x1b\]11;rgba?:[0-9a-fA-F/]*(?:\x07|\x1b\\)|\x1b\[\?[\d;]*c")
# And when it is asked for the clipboard's text.
_CLIPBOARD = re.compile(r"\x1b\]52;[a-z\d]*;([A-Za-z\d+/=]*)(?:\x07|\x1b\\)")
_BEGUN_ANSWER = re.compile(
    r"\x1b(?:\](?:11?(?:;[rgba:\da-fA-F/]*\x1b?)?|"
    r"52?(?:;[a-z\d]*(?:;[A-Za-z\d+/=]*\x1b?)?)?)?|\[\?[\d;]*)\Z"
)
BEGIN, END = "\x1b[200~", "\x1b[201~"
_ONE_KEY = re.compile(r"\x1b?(?:\[[0-?]*[ -/]*[@-~]|O.|.)", re.DOTALL)
# Several of them, none of which is text that is spelled out.
_MOVES = re.compile(r"(?:\x1b(?:\[[\d;]*[A-HP-SZ~]|O.))+")
# Where the mouse is, and whether the terminal has the focus, come at any time.
_OF_MOUSE = re.compile(r"(?:\x1b\[(?:<[\d;]*[Mm]|[IO]))+")


class Decoder:
    """Text from bytes that need not be UTF-8; what is no character is U+FFFD.

    In a bracketed paste keys that are spelled out become their text, and control
    characters visible ones: Textual would leave the paste at an escape and take the
    rest for keys. Where its end is lost it ends with a pause. What a terminal says of
    the clipboard is a paste, where that is `wanted`, and nothing else: a program beside
    this one may have asked.
    """

    def __init__(self, wanted: threading.Event | None = None) -> None:
        self._wanted = wanted or threading.Event()
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._pasting = False
        # Whether a paste stopped without its end, and if keys came since; and what
        # came that may be the beginning of its end, or of another one.
        self._paused = self._touched = False
        self._cut = ""
        # The last characters that were given out, and those that wait for more.
        self._last = self._held = ""

    @property
    def pasting(self) -> bool:
        """Whether a paste has begun, and more of it may come."""
        return self._pasting or self._paused

    def pause(self) -> str:
        """What has come of a paste, of which nothing more does.

        A line that is slow may bring the rest yet: until keys are followed by another
        pause, more than one at a time is still of it.
        """
        if not self._pasting:
            self._paused = self._paused and not self._touched
            return ""
        self._pasting, self._paused, self._touched = False, True, False
        held, self._held, self._last = self._held, "", ""
        self._cut = held if END.startswith(held) else ""
        return ("" if self._cut else _visible(held)) + END

    def decode(self, data: bytes, final: bool = False) -> str:
        """More text, in the order it came."""
        text, given = self._held + self._decode(data, final), []
        self._held = ""
        if self._paused and text and not _OF_MOUSE.fullmatch(text):
            text = self._resumed(text)
            if self._pasting:
                given.append(BEGIN)
        while text:
            part, text = (
                self._pasted(text, final) if self._pasting else self._keys(text, final)
            )
            given.append(part)
        found = "".join(given)
        self._last = (self._last + found)[1 - len(BEGIN) :]
        return found

    def _resumed(self, text: str) -> str:
        """What comes after a pause: keys, or more of the paste that stopped."""
        whole, self._cut = self._cut + text, ""
        joined = self._last + text
        self._paused = False
        if whole.startswith(END):
            return whole.removeprefix(END)
        # A paste of its own, whose first character may have been given out as a key.
        if whole.startswith(BEGIN) or BEGIN in joined[: len(self._last + BEGIN)]:
            return whole
        if len(whole) > 2 and (END.startswith(whole) or BEGIN.startswith(whole)):
            self._paused, self._cut = True, whole
            return ""
        keys = _ONE_KEY.fullmatch(text) or _MOVES.fullmatch(text)
        if keys and END not in text:
            self._paused = self._touched = True
            return text
        self._pasting = True
        return whole

    def _keys(self, text: str, final: bool) -> tuple[str, str]:
        """What comes up to the beginning of a paste, which may be there in part."""
        before = self._last
        place = (before + text).find(BEGIN)
        if place < 0:
            end = len(text) - (0 if final else _begun(text))
            self._held = text[end:]
            return self._typed(text[:end]), ""
        self._pasting, self._last = True, ""
        end = place + len(BEGIN) - len(before)
        return self._typed(text[:end]), text[end:]

    def _typed(self, text: str) -> str:
        """Keys, and what was in the clipboard."""
        if "\x1b" not in text:
            return text
        found, place = [], 0
        for answer in _CLIPBOARD.finditer(text):
            found += [_keys(text[place : answer.start()]), self._held_there(answer[1])]
            place = answer.end()
        return "".join([*found, _keys(text[place:])])

    def _held_there(self, encoded: str) -> str:
        """The clipboard's text as a paste; nothing where it is not to be had."""
        try:
            text = base64.b64decode(encoded).decode(errors="replace")
        except binascii.Error:
            return ""
        if not text or not self._wanted.is_set():
            return ""
        self._wanted.clear()
        lines = text.replace("\r\n", "\r").replace("\n", "\r")
        return f"{BEGIN}{_visible(lines)}{END}"

    def _pasted(self, text: str, final: bool) -> tuple[str, str]:
        """What comes up to the end of a paste."""
        place = text.find(END)
        if place >= 0:
            self._pasting = False
            return _visible(text[:place]) + END, text[place + len(END) :]
        end = len(text) - (0 if final else begun(text, paste=True))
        self._held = text[end:]
        return _visible(text[:end]), ""


def _keys(text: str) -> str:
    return typed(_ANSWER.sub("", text))


def _begun(text: str) -> int:
    """How many characters at the end may be the beginning of more than a key."""
    answer = _BEGUN_ANSWER.search(text)
    return max(begun(text, paste=False), len(answer[0]) if answer else 0)


def _visible(text: str) -> str:
    # Terminals send a carriage return for every line.
    return "\r".join(map(visible_controls, pasted(text).split("\r")))
