"""A list of OpenAI's messages as a conversation that an engine takes."""

from dataclasses import dataclass, field

from ..engine import Exchange, ToolCall, ToolUse
from .calls import Pending, calls, result
from .errors import unsupported, wrong
from .fields import Fields
from .parts import text_of

SYSTEM = ("system", "developer")
# What clients send back of a reply that had none of it.
NOTHING = {
    "refusal": ("",),
    "annotations": ([],),
    "audio": (),
    "function_call": (),
}
NOT_SUPPORTED = "is not supported; leave it out."


@dataclass(frozen=True)
class Conversation:
    """What messages say; without a system message `system` is None.

    The reply is to `content` and the `tool_uses` that came after it.
    """

    system: str | None
    exchanges: tuple[Exchange, ...]
    content: str
    tool_uses: tuple[ToolUse, ...]


@dataclass
class _Turn:
    """A user's messages, calls of tools, and the reply, which may have parts too."""

    asked: list[str]
    uses: list[ToolUse] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    thought: str = ""

    @property
    def exchange(self) -> Exchange:
        return Exchange(
            _joined(self.asked),
            _joined(self.said),
            (),
            self.thought,
            tuple(self.uses),
        )


def conversation(messages: object, path: str = "messages") -> Conversation:
    """Take messages as a conversation.

    Messages of one role in a row become one, as paragraphs. Raises `ApiError`.
    """
    if not isinstance(messages, list) or not messages:
        raise wrong(path, "must be a list of messages, with one at least.")
    reader = _Reader()
    for number, message in enumerate(messages):
        reader.take(message, f"{path}[{number}]")
    return reader.whole(f"{path}[{len(messages) - 1}].role")


class _Reader:
    """Takes one message after the other."""

    def __init__(self) -> None:
        self._system: list[str] | None = None
        self._turns: list[_Turn] = []
        self._pending: Pending | None = None

    def take(self, message: object, where: str) -> None:
        """Add a message."""
        fields = Fields(message, where)
        role = fields.any("role")
        if role == "function":
            raise unsupported(f"{where}.role", "functions are tools now; send those.")
        if role not in (*SYSTEM, "user", "assistant", "tool"):
            raise wrong(
                f"{where}.role", "must be system, developer, user, assistant or tool."
            )
        if role == "tool":
            self._tool(fields, where)
        else:
            if self._pending:
                raise wrong(f"{where}.role", self._pending.missing)
            if role == "assistant":
                self._assistant(fields, where)
            else:
                text = text_of(fields.any("content"), f"{where}.content")
                (self._user if role == "user" else self._instruct)(text, where)
            fields.only({"name": ("",)}, NOT_SUPPORTED)
        fields.finish()

    def whole(self, last: str) -> Conversation:
        """All of it; `last` is the field with the last message's role."""
        if self._pending:
            raise wrong(last, self._pending.missing)
        if not self._turns or self._turns[-1].said:
            raise unsupported(last, "must be user or tool.")
        turn = self._turns.pop()
        return Conversation(
            None if self._system is None else _joined(self._system),
            tuple(each.exchange for each in self._turns),
            _joined(turn.asked),
            tuple(turn.uses),
        )

    def _instruct(self, text: str, where: str) -> None:
        if self._turns:
            raise unsupported(
                f"{where}.role", "a system message can only stand at the start."
            )
        self._system = [*(self._system or []), text]

    def _user(self, text: str, where: str) -> None:
        if self._turns and not (self._turns[-1].said or self._turns[-1].uses):
            self._turns[-1].asked.append(text)
        else:
            self._turns.append(_Turn([text]))

    def _assistant(self, fields: Fields, where: str) -> None:
        fields.only(NOTHING, NOT_SUPPORTED)
        thought = fields.text("reasoning_content") or ""
        called = calls(fields.any("tool_calls"), f"{where}.tool_calls")
        content = fields.any("content")
        text = ""
        if content is not None or not called:
            text = text_of(content, f"{where}.content")
        if not self._turns:
            raise unsupported(f"{where}.role", "the first message must be a user's.")
        turn = self._turns[-1]
        if called:
            self._call(turn, called, text, thought)
        else:
            turn.said.append(text)
            turn.thought = turn.thought or thought

    def _call(
        self, turn: _Turn, called: tuple[ToolCall, ...], text: str, thought: str
    ) -> None:
        # What was said in a message before belongs to the calls.
        said = _joined([*turn.said, *([text] if text else [])])
        self._pending = Pending(called, said, turn.thought or thought)
        turn.said, turn.thought = [], ""

    def _tool(self, fields: Fields, where: str) -> None:
        if self._pending is None:
            raise wrong(
                f"{where}.role", "must follow a message with the tool_calls it answers."
            )
        self._pending.answer(result(fields, where, self._pending.open))
        if not self._pending.open:
            self._turns[-1].uses.append(self._pending.use)
            self._pending = None


def _joined(parts: list[str]) -> str:
    return "\n\n".join(parts)
