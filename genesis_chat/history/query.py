"""What a person searches for: words for the index, and parts that it does not hold."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from ..errors import HistoryError

# Thai to Khmer, kana and Han: written without spaces, so that what the index takes for
# a word is a whole sentence.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
)
# Chooses between the text and the colour form of a character; texts have either.
_VARIATION = re.compile("[\ufe00-\ufe0f]")
_GROUP = 100


@dataclass(frozen=True)
class Query:
    """A search: `words` in the index's language, and `parts` to stand anywhere.

    The index (unicode61) holds letters and digits; most of the rest divides words, and
    signs that are younger than it are glued to them.
    """

    words: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str, prefix: bool) -> Self:
        """The query for a person's text. Raises `HistoryError` when it has none."""
        given = text.replace('"', " ").split()
        if not given:
            raise HistoryError("Give at least one word to search for.")
        # Each once, the last one last: what stands often takes the square of the time.
        given = list(dict.fromkeys(reversed(given)))[::-1]
        # Punctuation by itself is meant only where there is nothing else.
        given = [word for word in given if not _is_punctuation(word)] or given
        if _UNSPACED.search(text):
            return cls("", tuple(part for word in given for part in _parts(word)))
        words = [f'"{word}"' for word in given if not _is_exact(word)]
        if prefix and not _is_exact(given[-1]):
            words[-1] += "*"
        exact = filter(_is_exact, given)
        return cls(" ".join(words), tuple(p for word in exact for p in _parts(word)))

    @property
    def first(self) -> str:
        """What is looked for in a message to show the text around it."""
        quoted: list[str] = re.findall('"([^"]+)"', self.words)
        return [*quoted, *self.parts][0]

    @property
    def holds_parts(self) -> str:
        """SQL that tests a message `m` for the parts, one value to each."""
        tests = [
            "instr(m.content, ?)"
            if part.lower() == part.upper()
            else "instr(lower(m.content), lower(?))"
            for part in self.parts
        ]
        # In groups, because SQLite takes no more than a thousand in a row.
        groups = range(0, len(tests), _GROUP)
        return " AND ".join(f"({' AND '.join(tests[n : n + _GROUP])})" for n in groups)


def _parts(word: str) -> list[str]:
    """What of a word is the same in texts with other variations."""
    return [part for part in _VARIATION.split(word) if part] or [word]


def _is_punctuation(word: str) -> bool:
    return all(unicodedata.category(character)[0] == "P" for character in word)


def _is_exact(word: str) -> bool:
    """Whether a word is to stand as it is: with a sign, or without a letter.

    Punctuation around letters is typed by the way, and left to the index.
    """
    categories = [unicodedata.category(character)[0] for character in word]
    return "S" in categories or not {"L", "N"} & set(categories)
