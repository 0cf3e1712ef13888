"""Showing text that may come from anywhere: it must not act on the terminal."""

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_TAGS = range(0xE0000, 0xE0080)

_TABLE: dict[int, str] = {
    # Escape sequences start with a C0 or C1 control: show it instead.
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    # Invisible characters that reorder or hide text (CVE-2021-42574).
    **{code: f"U+{code:04X}" for code in (*_BIDI, *_TAGS)},
    # Lone surrogates cannot be written at all.
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    ord("\r"): "",
}


def sanitize(text: str) -> str:
    """The text with control, bidirectional and tag characters made visible.

    Newlines and tabs stay, carriage returns go. Works on any piece of a stream:
    each character is replaced by itself.
    """
    return text.translate(_TABLE)
