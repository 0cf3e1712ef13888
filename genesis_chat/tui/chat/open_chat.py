"""The chat that is open, as plain state."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...chat import starts_of
from ...engine import Context
from ...history import Conversation, StoredMessage
from ...setting_table import REPLY_SETTINGS
from ...settings import GenerationSettings, SamplingDefaults
from ..services.contents import Contents
from ..services.turns import Kind, Turn


class OpenChat:
    """A conversation with the branch that is shown, or one that has not begun.

    Args:
        settings: the defaults of this run.
        system: the system prompt of new conversations.

    `changed` are the settings that are not the defaults; `context` is how full the
    model's context is, None while nobody knows. What is `private` is not kept.
    """

    def __init__(self, settings: GenerationSettings, system: str) -> None:
        self._defaults, self._system = settings, system
        self.conversation: Conversation | None = None
        self.tree: Sequence[StoredMessage] = ()
        self.branch: Sequence[StoredMessage] = ()
        self.changed: dict[str, Any] = {}
        self.system = system
        self.context: Context | None = None
        self.private = False

    @property
    def id(self) -> str:
        """The conversation's id, empty before it begins; its draft's place too."""
        return self.conversation.id if self.conversation else ""

    @property
    def title(self) -> str:
        """The conversation's title."""
        return (self.conversation and self.conversation.title) or "New chat"

    @property
    def settings(self) -> GenerationSettings:
        """The defaults with what this conversation changes."""
        return replace(self._defaults, **self.changed)

    def named_settings(
        self, sampling: SamplingDefaults | None = None
    ) -> Iterator[tuple[str, str]]:
        """The settings by name, with what they are for a model that draws so."""
        for name, each in REPLY_SETTINGS.items():
            yield name, f"is {each.shown(getattr(self.settings, name), sampling)}"

    @property
    def loses_seed(self) -> bool:
        """Whether the conversation is kept with a seed that is none."""
        kept = self.conversation.settings if self.conversation else {}
        return kept.get("seed") != self.changed.get("seed")

    @property
    def last_reply(self) -> str | None:
        """The text of the last reply, None when there is none."""
        replies = [m.content for m in self.branch if m.role == "assistant"]
        return replies[-1] if replies else None

    @property
    def left_out(self) -> int:
        """How many messages, the oldest, the model no longer reads."""
        if self.context is None or not self.context.left_out:
            return 0
        starts = starts_of(self.branch)
        out = self.context.left_out
        return starts[out] if out < len(starts) else 0

    def open(self, contents: Contents | None, *, private: bool = False) -> None:
        """Another conversation, or a new one."""
        self.context, self.private = None, private
        if contents is None:
            self.conversation, self.tree, self.branch = None, (), ()
            self.changed, self.system = {}, self._system
            return
        self.follow(contents)
        self.changed = changed_settings(contents.conversation.settings)
        self.system = contents.conversation.system

    def follow(self, contents: Contents) -> None:
        """The same conversation as it is now; one that was new has begun."""
        self.conversation = contents.conversation
        self.tree, self.branch = contents.tree, contents.branch

    def turn(
        self,
        kind: Kind = "reply",
        *,
        message: str = "",
        content: str = "",
        readings: bool = False,
    ) -> Turn:
        """A turn of this conversation."""
        return Turn(
            kind,
            self.settings,
            self.system,
            self.id or None,
            self.branch[-1].id if self.branch else None,
            message,
            content,
            {} if self.id else dict(self.changed),
            readings,
            self.private,
        )

    def place(self, message: str | None) -> int | None:
        """Where in the branch a message stands."""
        return next((n for n, m in enumerate(self.branch) if m.id == message), None)

    def alternative(self, message: StoredMessage, step: int) -> str | None:
        """The id of the version before or after one, None at either end."""
        ids = [
            each.id
            for each in self.tree
            if (each.parent, each.role) == (message.parent, message.role)
        ]
        place = ids.index(message.id) + step
        return ids[place] if 0 <= place < len(ids) else None


def changed_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The stored settings that this version knows, with values of the right type."""
    return {
        name: values[name]
        for name, each in REPLY_SETTINGS.items()
        if name in values and each.accepts(values[name])
    }
