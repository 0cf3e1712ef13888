"""What a file of another program holds and does not come in: counted and named."""

from collections import Counter
from dataclasses import dataclass, field

from ...text import counted

# So many are named; the others are counted.
NAMED = 5
TITLE_LENGTH = 40


class Unreadable(Exception):
    """Why a conversation cannot be read, as a clause: "it has no messages"."""


@dataclass
class LeftOut:
    """Of one file: conversations, messages, and kinds of content with no place here.

    `early` is whether the file ends before what it holds does.
    """

    conversations: "Named" = field(default_factory=lambda: Named())
    messages: "Named" = field(default_factory=lambda: Named())
    kinds: Counter[str] = field(default_factory=Counter)
    early: bool = False

    def sentences(self) -> list[str]:
        """At most one sentence about each."""
        found = []
        if self.early:
            found.append(
                "The file ends before its list does; what followed is missing."
            )
        if self.conversations.count:
            found.append(self.conversations.sentence("conversation"))
        if self.messages.count:
            found.append(self.messages.sentence("message"))
        if self.kinds:
            most = self.kinds.most_common(NAMED)
            kinds = ", ".join(f"{n:,} {kind}" for kind, n in most)
            more = self.kinds.total() - sum(n for _, n in most)
            others = f"; and {more:,} more" if more else ""
            found.append(f"Skipped what has no place in a chat here: {kinds}{others}.")
        return found


@dataclass
class Named:
    """Things that are counted; the first few are named."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count one in."""
        self.count += 1
        if len(self.names) < NAMED:
            self.names.append(name)

    def sentence(self, noun: str) -> str:
        """How many were left out, and which."""
        more = self.count - len(self.names)
        shown = "; ".join(self.names) + (f"; and {more:,} more" if more else "")
        return f"Skipped {counted(self.count, noun)}: {shown}."


@dataclass
class Place:
    """A conversation that is being read; where its parts that do not come in go."""

    name: str
    left: LeftOut
    _messages: list[str] = field(default_factory=list)
    _kinds: Counter[str] = field(default_factory=Counter)

    def message(self, reason: str) -> None:
        """A message cannot be read, for a reason such as "it has no text"."""
        self._messages.append(f"one of {self.name} ({reason})")

    def kind(self, plural: str) -> None:
        """Something of a kind that nobody said, such as "thoughts"."""
        self._kinds[plural] += 1

    def unreadable(self, reason: str) -> None:
        """All of it cannot be read."""
        self.left.conversations.add(f"{self.name} ({reason})")

    def kept(self) -> None:
        """It comes in, without these."""
        for name in self._messages:
            self.left.messages.add(name)
        self.left.kinds.update(self._kinds)


def named(number: int, title: str) -> str:
    """How a conversation of a file is called."""
    line = " ".join(title.split())
    if len(line) > TITLE_LENGTH:
        line = line[: TITLE_LENGTH - 1] + "…"
    return f'conversation {number} "{line}"' if line else f"conversation {number}"
