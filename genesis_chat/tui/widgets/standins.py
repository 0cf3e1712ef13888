"""Characters that a text area cannot hold, such as controls, and what stands for them.

Textual would draw them, give them no cell, or break the line at them. Lone surrogates
take their places: one cell each, and no text has them.
"""

from ...text import drawn

_FIRST, _LINES = 0xDC00, 0xDD00
_KEPT = "\n\t"
_ENCODED = {
    # Halves of a pair are no characters, and must not be taken for stand-ins.
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **{
        code: chr(_FIRST + code)
        for code in (*range(0x20), *range(0x7F, 0xA0))
        if chr(code) not in _KEPT
    },
    # Line and paragraph separators, at which Python splits lines.
    **{code: chr(_LINES + code % 0x100) for code in (0x2028, 0x2029)},
}
_DECODED = {
    ord(standin): chr(code)
    for code, standin in _ENCODED.items()
    if not 0xD800 <= code < 0xE000
}
# One character of one cell for each stand-in.
_PICTURES = {
    **{code: "\u2426" for code in _DECODED},
    **{_FIRST + code: chr(0x2400 + code) for code in range(0x20)},
    _FIRST + 0x7F: "\u2421",
    _FIRST + ord("\r"): " ",
    _LINES + 0x28: "\u2424",
    _LINES + 0x29: "\u2424",
}


def encoded(text: str) -> str:
    """A text as a text area may hold it."""
    return text if text.isprintable() else text.translate(_ENCODED)


def decoded(text: str) -> str:
    """The text that a text area holds."""
    return text if text.isprintable() else text.translate(_DECODED)


def pictured(line: str) -> str:
    """A line of a text area as it may be drawn, with as many characters in it."""
    if line.isprintable():
        return line
    return drawn(line.translate(_PICTURES), in_place=True)
