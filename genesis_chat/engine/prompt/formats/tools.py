"""Tools, calls and results on their way through a chat template."""

import json
from collections.abc import Callable, Iterable
from dataclasses import astuple
from typing import Any

from ...tool_use import ToolCall, ToolResult, ToolUse

Typed = Callable[[str], str]


def marked_json(text: str, typed: Typed) -> str:
    """JSON with every string of it, names of fields included, as `typed` has it."""

    def marked(value: Any) -> Any:
        if isinstance(value, str):
            return typed(value)
        if isinstance(value, list):
            return [marked(each) for each in value]
        if isinstance(value, dict):
            return {typed(key): marked(each) for key, each in value.items()}
        return value

    return json.dumps(marked(json.loads(text)), ensure_ascii=False)


def marked_uses(uses: Iterable[ToolUse], typed: Typed) -> tuple[ToolUse, ...]:
    """The same calls and results with all their texts as `typed` has them."""
    return tuple(
        ToolUse(
            tuple(
                ToolCall(
                    typed(each.id),
                    typed(each.name),
                    marked_json(each.arguments, typed),
                )
                for each in use.calls
            ),
            tuple(ToolResult(*map(typed, astuple(each))) for each in use.results),
            typed(use.text),
            typed(use.thought),
        )
        for use in uses
    )


def texts_of(uses: Iterable[ToolUse]) -> list[str]:
    """All texts in calls and results."""
    found: list[str] = []
    for use in uses:
        found += [use.text, use.thought]
        parts: tuple[ToolCall | ToolResult, ...] = (*use.calls, *use.results)
        for each in parts:
            found += astuple(each)
    return found
