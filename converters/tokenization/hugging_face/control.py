"""Control tokens: what a template may write and a person may not."""

import re
from collections.abc import Mapping


class ControlTokens:
    """Control tokens of one tokenizer, found in texts by what they look like.

    Args:
        ids: the ids by the tokens' texts.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        self.ids = frozenset(ids.values())
        # Longest first, so that a token goes before those it contains.
        texts = sorted(ids, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, texts)) or "(?!)")

    def cut(self, text: str) -> list[str]:
        """The text in pieces, no control token in one piece."""
        pieces, start, position = [], 0, 0
        while match := self.pattern.search(text, position):
            position = match.start() + 1
            pieces.append(text[start:position])
            start = position
        return [*pieces, text[start:]]
