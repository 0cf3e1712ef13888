"""The tokens of a conversation with their texts."""

import re
from collections.abc import Sequence

from ...engine import PromptTokens, Text, Thought

_WORD = re.compile(r"\w[\w'\u2019-]*")
_ROLES = ("system", "user", "assistant")


class Tokens:
    """The text of every token that was read or written, in order.

    A character that several tokens make up is the last one's. `starts` are where the
    messages begin: question and reply of every exchange, then of the last one.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.starts: tuple[int, ...] = ()

    def begin(self, prompt: PromptTokens) -> None:
        """Another prompt."""
        texts = list(prompt.texts)
        for place in [n for n, text in enumerate(texts) if text in _ROLES]:
            # What opens a message is no word of it; before it stands a control token.
            if (
                place
                and not texts[place - 1]
                and texts[place + 1 : place + 2] == ["\n"]
            ):
                texts[place] = ""
        self.texts, self.starts = texts, prompt.starts

    def take(self, piece: Text | Thought) -> None:
        """A piece of the reply."""
        if self.texts and piece.token_ids:
            self.texts += [""] * (len(piece.token_ids) - 1)
            self.texts.append(piece.text)

    def message(self, number: int) -> tuple[int, int]:
        """The tokens of a message: the first, and the one behind its last."""
        ends = (*self.starts[1:], len(self.texts))
        return self.starts[number], max(self.starts[number], ends[number])

    def labels(self) -> list[tuple[int, str]]:
        """Where each question begins, and its first words."""
        found = []
        for number in range(0, len(self.starts), 2):
            start, end = self.message(number)
            found.append((start, " ".join("".join(self.texts[start:end]).split())))
        return found

    def last(self, count: float) -> tuple[int, str]:
        """How many words the last so many tokens are, and the first few of them.

        A word that they begin within counts whole.
        """
        many = int(min(max(count, 1), len(self.texts))) if self.texts else 0
        start = len(self.texts) - many
        while start > 0 and _goes_on(self.texts, start):
            start -= 1
        text = "".join(self.texts[start:])
        words = _WORD.findall(text)
        return len(words), " ".join(words[:4])


def _goes_on(texts: Sequence[str], place: int) -> bool:
    """Whether a token is within a word that began before it."""
    before = next((text for text in reversed(texts[:place]) if text), "")
    after = next((text for text in texts[place:] if text), "")
    return bool(_WORD.fullmatch(before[-1:]) and _WORD.match(after))
