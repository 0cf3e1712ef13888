"""Keys that a terminal spells out in full: CSI u, and xterm's modifyOtherKeys.

`ESC [ code ; modifiers u` or `ESC [ 27 ; modifiers ; code ~`, where the modifiers are
one more than the sum of shift 1, alt 2, ctrl 4 and others. Code may be followed by
what other layouts have, modifiers by press 1, repeat 2 or release 3, and both by the
text that the key is for. (Kitty's keyboard protocol; tmux with `extended-keys`.)
"""

import re

_KEY = re.compile(
    r"\x1b\[(?:27;(?P<xterm>\d+);(?P<other>\d+)~"
    r"|(?P<code>\d+)(?::\d*)*(?:;(?P<modifiers>\d*)(?::(?P<event>\d))?"
    r"(?:;(?P<text>[\d:]*))?)?u)"
)
_BEGUN_KEY = re.compile(r"\x1b\[27;[\d;]*\Z")
_BEGUN_ANYWHERE = re.compile(r"\x1b(?:\[[\d;:]{0,28})?\Z")
_SHIFT, _CTRL, _LOCKS = 1, 4, 64 | 128
# Kitty's codes for keys that are no characters.
_FUNCTIONAL = range(57344, 63744)


def typed(text: str) -> str:
    """Keys as Textual understands them: those that are text as that text.

    It takes the text of modifyOtherKeys for typed, whatever is held down, and gives
    none to punctuation and spaces that are spelled out.
    """
    return _KEY.sub(_typed, text) if "\x1b[" in text else text


def pasted(text: str) -> str:
    """The text of a paste in which keys are spelled out."""
    return _KEY.sub(_pasted, text) if "\x1b[" in text else text


def begun(text: str, *, paste: bool) -> int:
    """How many characters at the end may be the beginning of such a key.

    Within a paste, of any sequence: there a lone escape is no key.
    """
    found = (_BEGUN_ANYWHERE if paste else _BEGUN_KEY).search(text)
    return len(text) - found.start() if found else 0


def _typed(key: re.Match[str]) -> str:
    code, modifiers = _code(key), _modifiers(key)
    plain = _text(key)
    if plain is not None and not modifiers & ~_SHIFT:
        return plain
    return f"\x1b[{code};{modifiers + 1}u" if key["other"] else key[0]


def _pasted(key: re.Match[str]) -> str:
    code, plain = _code(key), _text(key)
    if key["event"] == "3":
        return ""
    if key["text"] and plain:
        return plain
    if _modifiers(key) & _CTRL and chr(code & 0x5F).isalpha():
        # Ctrl-J and Ctrl-M break lines, and Ctrl-I is a tab.
        code &= 0x1F
    if code in (10, 13):
        return "\r"
    if plain is not None and code >= 0x20:
        return plain
    return chr(code) if code < 0x20 or code == 0x7F else key[0]


def _code(key: re.Match[str]) -> int:
    return int(key["other"] or key["code"])


def _modifiers(key: re.Match[str]) -> int:
    return max(0, int(key["xterm"] or key["modifiers"] or 1) - 1) & ~_LOCKS


def _text(key: re.Match[str]) -> str | None:
    """The text that a key is for, None when it is for none."""
    code = _code(key)
    if key["event"] == "3":
        return None
    codes = [int(each) for each in (key["text"] or "").split(":") if each] or [code]
    if code in _FUNCTIONAL or not all(map(_is_text, codes)):
        return None
    text = "".join(map(chr, codes))
    return text.upper() if _modifiers(key) & _SHIFT and not key["text"] else text


def _is_text(code: int) -> bool:
    return 0x20 <= code < 0x110000 and not (
        0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
    )
