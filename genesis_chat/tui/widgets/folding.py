"""Long pastes and files stand in the composer as one short mark."""

import re
from dataclasses import dataclass, field

from ...text import sanitize
from ..shown import size

# From here on a paste is folded.
LINES, CHARACTERS = 8, 800
_NOT_IN_MARKS = re.compile(r"[\[\]\n\t]")
_MARK = re.compile(r"\[(?:pasted|file) [^\[\]\n]* #(\d+)\]")


@dataclass
class Folds:
    """What the marks in a text stand for."""

    _texts: dict[int, str] = field(default_factory=dict)

    def fold(self, text: str, name: str = "") -> str:
        """The mark to write instead of a text, or the text when it is short."""
        lines = text.count("\n") + 1
        if not name and lines < LINES and len(text) < CHARACTERS:
            return text
        number = len(self._texts) + 1
        self._texts[number] = text
        what = f"file {_NOT_IN_MARKS.sub('_', sanitize(name))}" if name else "pasted"
        count = len(text.encode(errors="replace"))
        return f"[{what} {lines} lines, {size(count)} #{number}]"

    def unfold(self, text: str) -> str:
        """The text with every mark replaced by what it stands for."""
        return _MARK.sub(lambda m: self._texts.get(int(m[1]), m[0]), text)

    def clear(self) -> None:
        """Forget everything."""
        self._texts.clear()
