"""What the history holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant"]
# A reply is "writing" while it comes and "interrupted" when its program ended before
# it did; "damaged" is a message whose text is not what was stored.
Status = Literal["complete", "writing", "interrupted", "failed", "damaged"]


@dataclass(frozen=True)
class Receipt:
    """How a reply came about: enough to make it again, if it was written here.

    Of one that was imported only `model` is known and whether it is whole: `model`
    is then as its export has it, or the program it comes from; counts are zero.
    `model_sha256` is of the model's weights file; `settings` are the sampling
    settings without the seed. Times are in seconds. `backend`, `dtype` and
    `delta_rule` are what the model ran as; they and `seed` are None or False where
    nobody noted them.
    `thought_tokens` of the reply's are its thought, which took `thought_seconds`.
    """

    model: str
    model_sha256: str | None
    settings: dict[str, Any]
    seed: int | None
    prompt_tokens: int
    prefilled_tokens: int
    reply_tokens: int
    seconds_to_first_token: float | None
    tokens_per_second: float | None
    finish_reason: str
    backend: str | None = None
    dtype: str | None = None
    delta_rule: bool = False
    thought_tokens: int = 0
    thought_seconds: float | None = None


@dataclass(frozen=True)
class StoredMessage:
    """One turn. A regenerated or edited one is a sibling: both have one `parent`.

    `created` is in milliseconds since 1970, UTC, and says nothing about order.
    `token_ids` are the ids a reply was generated as, else empty; `thought` is what
    was thought before it, which those ids include.
    """

    id: str
    conversation: str
    parent: str | None
    role: Role
    content: str
    status: Status
    created: int
    token_ids: tuple[int, ...]
    receipt: Receipt | None
    thought: str = ""


@dataclass(frozen=True)
class Conversation:
    """A tree of messages; `head` is the last one of the branch that is shown.

    `messages` counts all of them. `deleted` is when it went to the trash, or None.
    `settings` are the sampling settings that are not the defaults here.
    """

    id: str
    title: str
    system: str
    head: str | None
    created: int
    updated: int
    deleted: int | None
    messages: int
    pinned: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hit:
    """A message that a search found; `snippet` is the text around the match."""

    conversation: Conversation
    message: StoredMessage
    snippet: str


@dataclass(frozen=True)
class NewMessage:
    """A message to be imported; `parent` is the index of an earlier one."""

    role: Role
    content: str
    parent: int | None
    created: int | None = None
    status: Status = "complete"
    token_ids: tuple[int, ...] = ()
    receipt: Receipt | None = None
    thought: str = ""


@dataclass(frozen=True)
class NewConversation:
    """A conversation to be imported; `head` is the index of a message.

    `updated` is when it was changed last, None if nobody noted it. `origin` is the
    program it comes from with its id there, such as "chatgpt:6f1c", None without one.
    """

    title: str
    system: str
    messages: Sequence[NewMessage] = field(default_factory=tuple)
    head: int | None = None
    created: int | None = None
    # When it was touched and where it comes from are no part of what it says.
    updated: int | None = field(default=None, compare=False)
    origin: str | None = field(default=None, compare=False)
