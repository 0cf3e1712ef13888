"""Text that may come from anywhere: what is drawn of it must not act on the terminal.

Text is stored, sent to models, exported and copied as it came; only what is drawn is
changed.
"""

import re
import unicodedata

# They turn a text around whatever its letters are (CVE-2021-42574).
_OVERRIDES = (0x202D, 0x202E)
# Marks, embeddings and isolates: they have no width, and no use where letters all go
# from left to right.
MARKS = "\u061c\u200e\u200f"
_DIRECTIONS = (*map(ord, MARKS), 0x202A, 0x202B, 0x202C, *range(0x2066, 0x206A))
_TAGS = range(0xE0000, 0xE0080)
# The flags of England, Scotland and Wales, and of other regions to come.
_FLAG = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f)"
)
_CANCEL_TAG = "\U000e007f"
_RIGHT_TO_LEFT = ("R", "AL")
_BLANKS = " \t\r\n\v\f"

_CONTROLS: dict[int, str] = {
    # Escape sequences start with a C0 or C1 control: show it instead.
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    # Lone surrogates cannot be written at all.
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    ord("\r"): "",
}
_TABLE: dict[int, str] = {
    **_CONTROLS,
    # Tags outside a flag are letters that nobody sees.
    **{code: f"U+{code:04X}" for code in (*_OVERRIDES, *_TAGS)},
    **dict.fromkeys(_DIRECTIONS, ""),
}
# For where every character has its cell: none becomes several, or none at all.
_NOTHING = "\u200b"
_IN_PLACE: dict[int, str] = {
    **{code: text if len(text) == 1 else "\u2426" for code, text in _CONTROLS.items()},
    **dict.fromkeys((*_OVERRIDES, *_TAGS, *_DIRECTIONS), _NOTHING),
}


def _with_marks(table: dict[int, str]) -> dict[int, str]:
    return {code: text for code, text in table.items() if chr(code) not in MARKS}


_TABLES = {
    False: (_TABLE, _with_marks(_TABLE)),
    True: (_IN_PLACE, _with_marks(_IN_PLACE)),
}


def is_control(character: str) -> bool:
    """Whether a character is no text: a C0 or C1 control, or half of a pair."""
    return unicodedata.category(character) in ("Cc", "Cs")


def is_right_to_left(text: str) -> bool:
    """Whether any of its letters is, such as Arabic and Hebrew ones."""
    if text.isascii():
        return False
    return any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text)


def sanitize(text: str) -> str:
    """The text as it may be drawn: controls and overrides visible, marks left out.

    Newlines and tabs stay, carriage returns go. Works on any piece of a stream that
    does not end within a flag.
    """
    return _translate(text, _TABLE)


def drawn(text: str, *, in_place: bool = False) -> str:
    """The same, with direction marks where a line has letters that they are for.

    For whole lines. With `in_place` no character becomes several, or none.
    """
    without, with_marks = _TABLES[in_place]
    if not any(mark in text for mark in MARKS):
        return _translate(text, without)
    return "\n".join(
        _translate(line, with_marks if _has_letters(line) else without)
        for line in text.split("\n")
    )


def visible_controls(text: str) -> str:
    """The text with its control characters made visible, and all else as it is."""
    return text.translate(_CONTROLS)


def _has_letters(line: str) -> bool:
    # A mark is of the class of the letters it is for.
    return is_right_to_left(line.translate(dict.fromkeys(_DIRECTIONS, "")))


def _translate(text: str, table: dict[int, str]) -> str:
    if _CANCEL_TAG not in text:
        return text.translate(table)
    parts = _FLAG.split(text)
    parts[::2] = [part.translate(table) for part in parts[::2]]
    return "".join(parts)


def bare(text: str) -> str:
    """Text without accents and capitals, which make no difference to a search."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFD", text).casefold()
    return "".join(each for each in letters if not unicodedata.combining(each))


def search_words(words: str) -> list[str]:
    """The words that are searched for, `bare`; the search knows no quotes."""
    return bare(words).replace('"', " ").split()


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 message", "2,000 messages"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(count: int) -> str:
    """Bytes as a person reads them."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def trimmed(text: str) -> str:
    """A text without the blanks and line ends around it; empty when it is blank.

    Other spaces stay, such as the ideographic one that indents a paragraph.
    """
    return text.strip(_BLANKS) if text.strip() else ""


def joined(*texts: str) -> str:
    """Texts below each other, with a blank line between; empty ones are left out."""
    return "\n\n".join(filter(None, texts))


def slug(text: str, longest: int = 48) -> str:
    """A text as a part of a file's name: its letters and digits, with hyphens between.

    Empty when it has none.
    """
    plain = unicodedata.normalize("NFC", text).lower()
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain)
    return "-".join(kept.split())[:longest].strip("-")
