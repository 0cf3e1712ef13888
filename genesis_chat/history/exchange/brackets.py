"""Where a damaged JSON value ends, as far as its brackets tell."""

import re
from collections import Counter

# Brackets that are remembered.
DEEPEST = 10_000
_STEP = re.compile(r'\\.|["\[\]{},]', re.DOTALL)


class Brackets:
    """Looks for the comma or the bracket that ends a value, in pieces of its text.

    `at` is how far it has looked in the text of the last call; `begun` are closing
    brackets of what was begun before, the innermost last.
    """

    def __init__(self, begun: str = "") -> None:
        self.at = 0
        self._quoted, self._deeper = False, 0
        self._open = list(begun)
        # How many of each are open: to look for one takes time with the depth.
        self._kinds = Counter(begun)

    def end(self, text: str, start: int) -> int | None:
        """The place behind the value, or None if it may go on behind the text."""
        self.at = start
        for step in _STEP.finditer(text, start):
            sign, self.at = step[0], step.end()
            if sign == '"':
                self._quoted = not self._quoted
            elif self._quoted or sign[0] == "\\" or (self._open and sign == ","):
                continue
            elif len(self._open) == DEEPEST and (self._deeper or sign in "[{"):
                self._deeper += 1 if sign in "[{" else -1
            elif sign in "[{":
                self._open.append("]" if sign == "[" else "}")
                self._kinds[self._open[-1]] += 1
            elif not self._open:
                # Without a bracket of its own it ends where another's stands.
                return step.start()
            elif self._kinds[sign]:
                self._close(sign)
                if not self._open:
                    return self.at
        # The last sign may be half of an escape.
        self.at = max(self.at, len(text) - 1)
        return None

    def _close(self, sign: str) -> None:
        """The innermost of a kind ends, and those within that were never closed."""
        closed = ""
        while closed != sign:
            closed = self._open.pop()
            self._kinds[closed] -= 1
