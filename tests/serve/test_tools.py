"""OpenAI's own client calls tools through the running server."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from server import Server, serving
from tool_models import ANSWER, CALL, WEATHER, write_calling_model

pytestmark = pytest.mark.loopback
MESSAGES: Any = [{"role": "user", "content": "Weather?"}]
ASKED: Any = {"model": "calling", "temperature": 0, "tools": [WEATHER]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    folder = write_calling_model(tmp_path_factory.mktemp("calling") / "calling")
    home = tmp_path_factory.mktemp("tools")
    with serving("-m", folder, home=home) as server:
        yield openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)


def test_a_tool_is_called_and_its_result_answered(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(messages=MESSAGES, **ASKED).choices[0]
    assert whole.finish_reason == "tool_calls" and whole.message.content is None
    (call,) = whole.message.tool_calls or []
    assert call.type == "function" and call.function.name == "get_weather"
    assert call.function.arguments == '{"city": "Málaga"}'
    chunks = client.chat.completions.create(messages=MESSAGES, stream=True, **ASKED)
    pieces = [each.choices[0] for each in chunks]
    (streamed,) = [c for piece in pieces for c in piece.delta.tool_calls or ()]
    assert streamed.index == 0 and streamed.id and streamed.function
    assert streamed.function.model_dump() == call.function.model_dump()
    assert not any(piece.delta.content for piece in pieces)
    reasons = [piece.finish_reason for piece in pieces]
    assert reasons == [*[None] * (len(reasons) - 1), "tool_calls"]
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    said = [*MESSAGES, whole.message, result]
    answer = client.chat.completions.create(messages=said, **ASKED)
    assert answer.choices[0].message.content == ANSWER
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage and answer.usage.prompt_tokens_details
    assert answer.usage.prompt_tokens_details.cached_tokens


def test_what_is_no_call_of_a_tool_stays_content(client: openai.OpenAI) -> None:
    for fields in ({"tool_choice": "none"}, {"tools": openai.omit}):
        found = client.chat.completions.create(
            messages=MESSAGES, **{**ASKED, **fields}
        ).choices[0]
        assert found.finish_reason == "stop" and not found.message.tool_calls
        assert found.message.content == f"<tool_call>{CALL}</tool_call>"
    cut = client.chat.completions.create(messages=MESSAGES, max_tokens=2, **ASKED)
    assert cut.choices[0].finish_reason == "length"
    assert cut.choices[0].message.content == f"<tool_call>{CALL}"


def test_a_model_without_tools_refuses_them(server: Server) -> None:
    for stream in (False, True):
        answer = server.chat("Hello!", tools=[WEATHER], stream=stream)
        assert answer.status == 400
        assert answer.error["param"] == "tools"
        assert answer.error["code"] == "unsupported_parameter"
