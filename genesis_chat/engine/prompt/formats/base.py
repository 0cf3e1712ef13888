"""What a chat format does: conversations in, token ids out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ....errors import ModelError
from ...protocol import Request
from ...tool_use import CallForm
from ..thinking import Thinking


@dataclass(frozen=True)
class Layout:
    """The token ids of a conversation, up to the reply that is to come.

    `starts` are where its messages begin: question and reply of each exchange, then
    of the one to come, whose reply begins at the end. `boundaries` are lengths after
    which a state may be kept: all that a reply was generated as is before them.
    Where a state after the reply will not fit the turn that follows, since the model
    is not shown its replies as it wrote them, `checkpoint` is the length up to which
    that turn begins as this one; elsewhere it is None. With `thinks` the reply begins
    in the middle of a thought.
    """

    ids: list[int]
    starts: tuple[int, ...]
    boundaries: list[int]
    checkpoint: int | None = None
    thinks: bool = False


@dataclass(frozen=True)
class Answered:
    """A request and the reply that it is to have; `thought` is thought before it."""

    request: Request
    reply: str
    thought: str = ""


@dataclass(frozen=True)
class Lesson:
    """What there is to learn from a request with its reply.

    `prompt` is the layout's; `reply` are the ids that the model has to generate after
    it, with the token that ends the reply.
    """

    prompt: list[int]
    reply: list[int]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.reply)


@dataclass(frozen=True)
class Sizes:
    """Tokens of a conversation's parts, as they would be measured one by one.

    `system` is what stands before the first message. Of each exchange: what is
    before the reply's first token, and all of it. `turn` is the message to come with
    what opens the reply.
    """

    system: int
    exchanges: tuple[tuple[int, int], ...]
    turn: int


class ChatFormat(Protocol):
    """The form of conversations that a model was tuned on.

    No content becomes a control token, whatever it says, and ids that a reply was
    generated as are never encoded anew.
    """

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """Tokens that end a reply."""

    @property
    def stop_texts(self) -> tuple[str, ...]:
        """Texts that end a reply and do not belong to it."""

    @property
    def thinking(self) -> Thinking | None:
        """How replies think before they answer; None when they do not."""

    @property
    def calls(self) -> CallForm | None:
        """How replies call tools; None when there is no place for tools."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what is done otherwise than one might expect."""

    @property
    def speaker(self) -> str:
        """What its models call themselves, whatever they are installed as, or ""."""

    def sizes(self, request: Request) -> Sizes:
        """Measure a request's parts, each for itself. Raises `ModelError`."""

    def layout(self, request: Request) -> Layout:
        """Lay a whole request out, without what its reply has begun with.

        Raises `ModelError` when the model's template fails.
        """

    def lessons(self, answered: Sequence[Answered]) -> list[Lesson | ModelError]:
        """What is to be generated for each of these replies, or why nothing can be.

        Raises `ModelError` when the model's template does not end.
        """

    def token_bytes(self, id: int) -> bytes:
        """The bytes a reply's token stands for; the marks of thoughts have theirs."""

    def call_bytes(self, id: int) -> bytes:
        """The same where tools can be called; the marks of calls have theirs."""

    def close(self) -> None:
        """Let go of what it holds besides memory."""
