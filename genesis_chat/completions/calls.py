"""Calls of tools in messages, and the messages that answer them."""

from collections.abc import Mapping

from ..engine import ToolCall, ToolResult, ToolUse
from .errors import unsupported, wrong
from .fields import Fields
from .parts import text_of
from .tools import MOST_TOOLS, NAME, NAME_RULE, arguments

LONGEST_ID = 256


class Pending:
    """Calls of one message, `open` as long as they have no results."""

    def __init__(self, calls: tuple[ToolCall, ...], text: str, thought: str) -> None:
        self.open = {each.id: each for each in calls}
        self._calls, self._text, self._thought = calls, text, thought
        self._results: dict[str, ToolResult] = {}

    @property
    def missing(self) -> str:
        """What is to be done about it, in words."""
        return (
            f"must be tool: the call with the id {next(iter(self.open))[:60]!r} has no "
            "answer yet."
        )

    def answer(self, found: ToolResult) -> None:
        """Take the result of one of them."""
        del self.open[found.id]
        self._results[found.id] = found

    @property
    def use(self) -> ToolUse:
        """All of them with their results, in the order of the calls."""
        results = tuple(self._results[each.id] for each in self._calls)
        return ToolUse(self._calls, results, self._text, self._thought)


def calls(value: object, where: str) -> tuple[ToolCall, ...]:
    """The calls of a message; none is as good as an empty list. Raises `ApiError`."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        raise wrong(where, f"must be a list of at most {MOST_TOOLS} calls.")
    found: dict[str, ToolCall] = {}
    for number, each in enumerate(value):
        call = _call(each, f"{where}[{number}]")
        if call.id in found:
            raise wrong(f"{where}[{number}].id", "stands there twice.")
        found[call.id] = call
    return tuple(found.values())


def _call(value: object, where: str) -> ToolCall:
    fields = Fields(value, where)
    id = _id(fields, "id")
    if fields.any("type") not in (None, "function"):
        raise unsupported(f"{where}.type", "only functions can be called.")
    # Clients that add up the pieces of a stream send it back.
    fields.integer("index", None, 0)
    inner = Fields(fields.any("function"), f"{where}.function")
    fields.finish()
    name = inner.text("name")
    if name is None or not NAME.fullmatch(name):
        raise wrong(f"{where}.function.name", NAME_RULE)
    given = inner.text("arguments") or ""
    inner.finish()
    return ToolCall(id, name, arguments(given, f"{where}.function.arguments"))


def result(fields: Fields, where: str, expected: Mapping[str, ToolCall]) -> ToolResult:
    """The result in a message of a tool, to one of the calls that are expected.

    Raises `ApiError`.
    """
    id = _id(fields, "tool_call_id")
    if id not in expected:
        raise wrong(
            f"{where}.tool_call_id",
            f"must be the id of a call without an answer: {_listed(expected)}.",
        )
    name = expected[id].name
    if fields.text("name") not in (None, name):
        raise wrong(f"{where}.name", f"must be {name}, which was called.")
    text = text_of(fields.any("content"), f"{where}.content")
    return ToolResult(id, name, text)


def _id(fields: Fields, field: str) -> str:
    found = fields.text(field)
    if not found or len(found) > LONGEST_ID:
        raise wrong(
            fields.name(field), f"must be a string of 1 to {LONGEST_ID} characters."
        )
    return found


def _listed(ids: Mapping[str, ToolCall]) -> str:
    shown = [repr(each[:60]) for each in ids]
    return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")
