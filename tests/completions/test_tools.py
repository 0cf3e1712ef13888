"""Tools, calls and results in requests: taken whole, or refused by their names."""

import json
from typing import Any

import pytest
from tool_models import WEATHER

from genesis_chat.completions import ApiError, Completion, Defaults, chat_completion
from genesis_chat.engine import ToolCall, ToolResult, ToolUse
from genesis_chat.settings import GenerationSettings

DEFAULTS = Defaults(GenerationSettings(), "")
ASKED = {"role": "user", "content": "Weather?"}
CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"M\\u00e1laga"}'},
}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "sunny"}
SAID = {"role": "assistant", "content": "It is sunny."}
USE = ToolUse(
    (ToolCall("c1", "get_weather", '{"city": "Málaga"}'),),
    (ToolResult("c1", "get_weather", "sunny"),),
)


def chat(*messages: Any, **fields: Any) -> Completion:
    given = list(messages or [ASKED])
    return chat_completion({"messages": given, "tools": [WEATHER], **fields}, DEFAULTS)


def test_calls_and_results_are_part_of_their_turn() -> None:
    (request,) = chat(ASKED, CALLS, RESULT).requests
    assert (request.content, request.tool_uses) == ("Weather?", (USE,))
    assert json.loads(request.tools[0]) == WEATHER and chat().tools == request.tools
    (request,) = chat(ASKED, CALLS, RESULT, SAID, ASKED, CALLS, RESULT).requests
    (exchange,) = request.exchanges
    assert (exchange.tool_uses, exchange.reply) == ((USE,), "It is sunny.")
    assert request.tool_uses == (USE,)
    (request,) = chat(ASKED, CALLS, RESULT, ASKED).requests
    assert request.exchanges[0].reply == "" and request.tool_uses == ()


def test_results_may_come_in_any_order_and_with_names() -> None:
    two = {**CALLS, "content": "Both.", "tool_calls": [CALL, {**CALL, "id": "c2"}]}
    other = {**RESULT, "tool_call_id": "c2", "name": "get_weather"}
    (request,) = chat(ASKED, two, other, RESULT).requests
    (use,) = request.tool_uses
    assert use.text == "Both." and [each.id for each in use.results] == ["c1", "c2"]


def test_tools_that_may_not_be_called_are_not_shown() -> None:
    assert chat(tool_choice="none").requests[0].tools == ()
    assert chat(tool_choice="auto").tools == chat().tools != ()
    assert chat(tools=None, parallel_tool_calls=False).tools == ()


def changed(**fields: Any) -> list[Any]:
    return [{**WEATHER, "function": {**WEATHER["function"], **fields}}]


def deep(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels):
        found = {"properties": found}
    return found


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [3]}, "tools[0]"),
        ({"tools": [WEATHER] * 2}, "tools[1].function.name"),
        ({"tools": [WEATHER] * 129}, "tools"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{**WEATHER, "more": 1}]}, "tools[0].more"),
        ({"tools": changed(name="a b")}, "tools[0].function.name"),
        ({"tools": changed(name=None)}, "tools[0].function.name"),
        ({"tools": changed(description=3)}, "tools[0].function.description"),
        ({"tools": changed(parameters=[])}, "tools[0].function.parameters"),
        ({"tools": changed(parameters=deep(70))}, "tools[0].function.parameters"),
        ({"tools": changed(strict=True)}, "tools[0].function.strict"),
        ({"tools": changed(more=True)}, "tools[0].function.more"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tool_choice": 3}, "tool_choice"),
        ({"parallel_tool_calls": False}, "parallel_tool_calls"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_by_name(fields: Any, param: str) -> None:
    with pytest.raises(ApiError) as refused:
        chat(**fields)
    assert (refused.value.status, refused.value.param) == (400, param)


def call(**fields: Any) -> dict[str, Any]:
    return {**CALLS, "tool_calls": [{**CALL, **fields}]}


def named(**fields: Any) -> dict[str, Any]:
    return call(function={**CALL["function"], **fields})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([ASKED, CALLS], "messages[1].role"),
        ([ASKED, CALLS, ASKED], "messages[2].role"),
        ([ASKED, RESULT], "messages[1].role"),
        ([ASKED, CALLS, RESULT, RESULT], "messages[3].role"),
        ([CALLS, RESULT], "messages[0].role"),
        ([ASKED, CALLS, {**RESULT, "tool_call_id": "c"}], "messages[2].tool_call_id"),
        ([ASKED, CALLS, {**RESULT, "tool_call_id": 1}], "messages[2].tool_call_id"),
        ([ASKED, CALLS, {**RESULT, "content": None}], "messages[2].content"),
        ([ASKED, CALLS, {**RESULT, "name": "f"}], "messages[2].name"),
        ([ASKED, CALLS, {**RESULT, "more": 1}], "messages[2].more"),
        ([ASKED, call(id=""), RESULT], "messages[1].tool_calls[0].id"),
        ([ASKED, call(type="custom"), RESULT], "messages[1].tool_calls[0].type"),
        ([ASKED, call(more=1), RESULT], "messages[1].tool_calls[0].more"),
        (
            [ASKED, {**CALLS, "tool_calls": [CALL, CALL]}, RESULT],
            "messages[1].tool_calls[1].id",
        ),
        ([ASKED, {**CALLS, "tool_calls": "f"}, RESULT], "messages[1].tool_calls"),
        ([ASKED, {"role": "assistant"}, ASKED], "messages[1].content"),
        *(
            (
                [ASKED, named(**{field: value}), RESULT],
                f"messages[1].tool_calls[0].function.{field}",
            )
            for field, value in (
                ("name", "a b"),
                ("more", 1),
                ("arguments", {}),
                ("arguments", "[]"),
                ("arguments", "{"),
                ("arguments", '{"a": NaN}'),
            )
        ),
    ],
)
def test_messages_that_do_not_fit_each_other_are_refused(
    messages: list[Any], param: str
) -> None:
    with pytest.raises(ApiError) as refused:
        chat(*messages)
    assert (refused.value.status, refused.value.param) == (400, param)
