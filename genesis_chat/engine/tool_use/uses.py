"""Calls of tools and their results, as they stand in a conversation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool; `arguments` are a JSON object, as a text.

    `id` tells it from the other calls of a conversation.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ToolResult:
    """What the tool answered to the call with this id; `name` is the tool's."""

    id: str
    name: str
    text: str


@dataclass(frozen=True)
class ToolUse:
    """Calls that the model made before its reply, and the result of each.

    `text` is what it said beside them, and `thought` what it thought before.
    """

    calls: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...]
    text: str = ""
    thought: str = ""
