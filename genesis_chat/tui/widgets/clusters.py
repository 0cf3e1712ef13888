"""Characters as people see them: where a cursor goes, and what one key deletes.

Extended grapheme clusters, by Unicode Standard Annex 29. Emoji, flags and syllables of
Hangul are deleted whole; the marks of a letter go one by one, as most editors have it.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

# A cluster begins at each of these: long lines are not read from their beginning. Not
# at their marks, nor behind a sign that is written over what follows it.
_BEGINS = (
    r"(?r)(?<!\p{GCB=Prepend})(?!\p{M})"
    r"[\x00-\x7f\p{Latin}\p{Cyrillic}\p{Arabic}\p{Han}\p{Hiragana}\p{Katakana}]"
)
# Half of a character joins with nothing.
_CLUSTER = r"\p{Cs}|\X"
_ONE_SIGN = (
    r"[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}"
    r"\p{Variation_Selector}\u20e3\U000e0020-\U000e007f]|^\p{Hangul}+$"
)


@cache
def _pattern(expression: str) -> "regex.Pattern[str]":
    # Only once somebody writes: it takes its time to import.
    import regex

    return regex.compile(expression)


def left_of(text: str, at: int) -> int:
    """Where the cluster before a place begins; 0 at the beginning."""
    return next((start for start, end in _around(text, at) if end >= at), 0)


def right_of(text: str, at: int) -> int:
    """Where the cluster behind a place ends; the length of the text at its end."""
    return next((end for _, end in _around(text, at) if end > at), len(text))


def deleted_left_of(text: str, at: int) -> int:
    """Where what is deleted before a place begins."""
    start = left_of(text, at)
    whole = _pattern(_ONE_SIGN).search(text[start:at])
    return start if whole else max(0, at - 1)


def _around(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Where clusters begin and end, from one that begins before a place."""
    begins = _pattern(_BEGINS).search(text, 0, max(1, at))
    first = begins.start() if begins else 0
    return (found.span() for found in _pattern(_CLUSTER).finditer(text, first))
