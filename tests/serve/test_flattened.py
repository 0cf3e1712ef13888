"""What the history keeps of a conversation in which tools were called."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tool_models import CALL, WEATHER

from genesis_chat.engine import (
    CallForm,
    Exchange,
    ModelFacts,
    Request,
    ToolCall,
    ToolResult,
    ToolUse,
)
from genesis_chat.serve.flattened import flattened, flattened_reply
from genesis_chat.settings import GenerationSettings

MODEL = ModelFacts("m", 2048, "float32", "CPU", "2" * 64)
CALLING = replace(MODEL, calls=CallForm("json", "<tool_call>", "</tool_call>"))


def use(text: str, *results: str) -> ToolUse:
    ids = [f"c{number}" for number in range(len(results))]
    return ToolUse(
        tuple(ToolCall(id, "get_weather", '{"city": "Málaga"}') for id in ids),
        tuple(
            ToolResult(id, "get_weather", said)
            for id, said in zip(ids, results, strict=True)
        ),
        text,
        "Hm.",
    )


def test_calls_are_replies_and_results_are_questions() -> None:
    request = Request(
        "And now?",
        GenerationSettings(),
        "Be short.",
        (Exchange("Weather?", "It is sunny.", tool_uses=(use("Let me see.", "sun"),)),),
        tools=(str(WEATHER),),
        tool_uses=(use("", "rain", "wind"), use("Once more.", "hail")),
    )
    found = flattened(request)
    assert (found.tools, found.tool_uses, found.system) == ((), (), "Be short.")
    assert [(e.content, e.reply, e.thought) for e in found.exchanges] == [
        ("Weather?", f"Let me see.\n{CALL}", "Hm."),
        ("sun", "It is sunny.", ""),
        ("And now?", f"{CALL}\n{CALL}", "Hm."),
        ("rain\n\nwind", f"Once more.\n{CALL}", "Hm."),
    ]
    assert found.content == "hail"
    assert not any(each.tool_uses for each in found.exchanges)


def test_without_tools_nothing_changes() -> None:
    request = Request("Hi", GenerationSettings(), "", (Exchange("a", "b", (1,), "c"),))
    assert flattened(request) == request


@pytest.mark.parametrize(
    ("model", "tools", "expected"),
    [
        (CALLING, (WEATHER,), f"Wait.\n{CALL}"),
        (CALLING, (), f"Wait.\n<tool_call>{CALL}</tool_call>"),
        (MODEL, (WEATHER,), f"Wait.\n<tool_call>{CALL}</tool_call>"),
    ],
)
def test_a_reply_is_kept_as_it_will_be_sent_back(
    model: ModelFacts, tools: tuple[Any, ...], expected: str
) -> None:
    request = Request(
        "Weather?", GenerationSettings(), tools=tuple(map(json.dumps, tools))
    )
    text = f"Wait.\n<tool_call>{CALL}</tool_call>"
    assert flattened_reply(model, request, text) == expected
