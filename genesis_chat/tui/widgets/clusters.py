"""Characters as people see them: where a cursor goes, and what one key deletes.

Grapheme clusters by Unicode Standard Annex 29, without prepended marks and conjuncts
of Indic scripts. Emoji are deleted whole; the marks of a letter go one by one, as most
editors have it.
"""

import unicodedata

_JOINER, _NON_JOINER = "\u200d", "\u200c"
# What makes one sign with the character before it: a key's frame, the forms of a
# character, skin, and letters of flags.
_FRAME, _FORMS = "\u20e3", (("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))
_SKIN, _TAGS = ("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f")
_REGIONAL, _PICTURES = ("\U0001f1e6", "\U0001f1ff"), ("\U0001f000", "\U0001ffff")
# Hangul: leading consonants, vowels, trailing consonants, and whole syllables.
_LEADING = (("\u1100", "\u115f"), ("\ua960", "\ua97c"))
_VOWELS = (("\u1160", "\u11a7"), ("\ud7b0", "\ud7c6"))
_TRAILING = (("\u11a8", "\u11ff"), ("\ud7cb", "\ud7fb"))
_SYLLABLES, _OF_A_VOWEL = ("\uac00", "\ud7a3"), 28
_SYLLABLE = ("LL", "LV", "LS", "LF", "VV", "VT", "TT", "SV", "ST", "FT")


def left_of(text: str, at: int) -> int:
    """Where the cluster before a place begins; 0 at the beginning."""
    start = max(0, at - 1)
    while start > 0 and _joined(text, start):
        start -= 1
    return start


def right_of(text: str, at: int) -> int:
    """Where the cluster behind a place ends; the length of the text at its end."""
    end = min(len(text), at + 1)
    while end < len(text) and _joined(text, end):
        end += 1
    return end


def deleted_left_of(text: str, at: int) -> int:
    """Where what is deleted before a place begins."""
    start = left_of(text, at)
    whole = text[start:at]
    one_sign = any(_is_of_a_sign(c) or _is_pictured(c) for c in whole)
    return start if one_sign or all(map(_kind, whole)) else max(0, at - 1)


def _joined(text: str, at: int) -> bool:
    """Whether no cluster begins at a place, which is not the first."""
    before, here = text[at - 1], text[at]
    if here.isascii() or before in "\n\t":
        return False
    if _extends(here):
        return unicodedata.category(before) not in ("Cc", "Cs")
    if before == _JOINER:
        return at > 1 and _is_pictured(here) and not text[at - 2].isascii()
    if _within(here, _REGIONAL):
        first = at
        while first > 0 and _within(text[first - 1], _REGIONAL):
            first -= 1
        return (at - first) % 2 == 1
    return f"{_kind(before)}{_kind(here)}" in _SYLLABLE


def _extends(character: str) -> bool:
    joins = character in (_JOINER, _NON_JOINER) or _is_of_a_sign(character)
    return joins or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _is_of_a_sign(character: str) -> bool:
    ranges = (*_FORMS, _SKIN, _TAGS)
    return character == _FRAME or any(_within(character, each) for each in ranges)


def _is_pictured(character: str) -> bool:
    return unicodedata.category(character) == "So" or _within(character, _PICTURES)


def _kind(character: str) -> str:
    """L, V or T for a part of a Hangul syllable, S or F for one, F with a T; or ""."""
    if _within(character, _SYLLABLES):
        return "F" if (ord(character) - ord(_SYLLABLES[0])) % _OF_A_VOWEL else "S"
    for kind, ranges in (("L", _LEADING), ("V", _VOWELS), ("T", _TRAILING)):
        if any(_within(character, each) for each in ranges):
            return kind
    return ""


def _within(character: str, ends: tuple[str, str]) -> bool:
    return ends[0] <= character <= ends[1]
