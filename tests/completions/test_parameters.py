"""Every field of a request does what it says, or is refused by its name."""

import math
from typing import Any

import pytest

from genesis_chat.completions import (
    ApiError,
    Completion,
    Defaults,
    chat_completion,
    text_completion,
)
from genesis_chat.engine import Controls, Exchange
from genesis_chat.settings import GenerationSettings

SETTINGS = GenerationSettings(temperature=0.3, top_k=7, max_tokens=99)
DEFAULTS = Defaults(SETTINGS, "Be brief.")
HELLO = [{"role": "user", "content": "Hello!"}]


def chat(messages: Any = HELLO, **fields: Any) -> Completion:
    return chat_completion({"messages": messages, **fields}, DEFAULTS)


def refused(messages: Any = HELLO, **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        chat(messages, **fields)
    assert error.value.status == 400
    return error.value


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def test_what_is_left_out_is_as_the_settings_say() -> None:
    (request,) = chat().requests
    assert request.settings == SETTINGS and request.controls == Controls()
    assert (request.system, request.content, request.exchanges) == (
        *("Be brief.", "Hello!"),
        (),
    )
    assert chat(temperature=None, n=None, tools=None) == chat()


def test_every_field_reaches_the_engine() -> None:
    found = chat(
        model="m",
        temperature=0,
        top_p=0.5,
        top_k=3,
        min_p=0.1,
        repetition_penalty=1.2,
        max_completion_tokens=5,
        seed=4,
        ttt=True,
        thinking="off",
        stop=["a", "b"],
        presence_penalty=-1,
        frequency_penalty=2,
        logit_bias={"3": -100, "12": 1.5},
        logprobs=True,
        top_logprobs=20,
        stream=True,
        stream_options={"include_usage": True},
        response_format={"type": "text"},
        user="me",
    )
    (request,) = found.requests
    assert request.settings == GenerationSettings(
        *(5, 0, 3, 0.5, 0.1, 1.2, 4, True, "off")
    )
    assert request.controls == Controls(
        *(("a", "b"), -1, 2, ((3, -100), (12, 1.5)), 20)
    )
    assert (found.model, found.stream, found.include_usage) == ("m", True, True)


def test_conversations_become_exchanges() -> None:
    messages = [
        said("system", "One."),
        said("developer", [{"type": "text", "text": "Two."}]),
        said("user", "a"),
        said("user", [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]),
        said("assistant", "d", refusal=None, tool_calls=[], reasoning_content="hm"),
        said("assistant", "e"),
        said("user", "f \ud83d \U0001f642"),
    ]
    (request,) = chat(messages).requests
    assert request.system == "One.\n\nTwo."
    assert request.exchanges == (Exchange("a\n\nbc", "d\n\ne", (), "hm"),)
    assert request.content == "f \ufffd \U0001f642"
    (silent,) = chat([said("system", ""), *HELLO]).requests
    assert silent.system == ""


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ("hello", "messages"),
        ([], "messages"),
        (["hello"], "messages[0]"),
        ([said("robot", "x")], "messages[0].role"),
        ([said("tool", "x")], "messages[0].role"),
        ([said("assistant", "x"), *HELLO], "messages[0].role"),
        ([*HELLO, said("system", "x"), *HELLO], "messages[1].role"),
        ([*HELLO, said("assistant", "x")], "messages[1].role"),
        ([said("system", "x")], "messages[0].role"),
        ([said("user", None)], "messages[0].content"),
        ([said("user", 3)], "messages[0].content"),
        ([said("user", [{"type": "image_url"}])], "messages[0].content[0].type"),
        ([said("user", "x", name="Bob")], "messages[0].name"),
        ([said("user", "x", sound=1)], "messages[0].sound"),
        (
            [*HELLO, said("assistant", "x", tool_calls=[{}]), *HELLO],
            "messages[1].tool_calls[0].id",
        ),
    ],
    ids=str,
)
def test_messages_that_cannot_be_taken(messages: Any, param: str) -> None:
    assert refused(messages).param == param


WRONG: dict[str, list[Any]] = {
    "temperature": [-1, "1", True, math.inf, 10**400],
    "top_p": [-0.1, 1.1, []],
    "max_tokens": [0, 1.5, "9", -(10**30)],
    "seed": [-1, 2**63, 1.5],
    "n": [0, 17, True],
    "stop": [1, [""], [1], list("abcde"), "x" * 2000],
    "logit_bias": [[], {"x": 1}, {"1": 101}, {"-1": 1}, {"1": None}, {"1" * 30: 1}],
    "presence_penalty": [-2.1, 3],
    "frequency_penalty": [math.nan],
    "stream": ["yes"],
    "model": [3],
    "ttt": [1],
    "thinking": ["maybe"],
    "logprobs": [5],
    "top_logprobs": [2],
    "stream_options": [{"include_usage": True}],
    "response_format": [{"type": "json_schema", "json_schema": {}}, "text"],
    "tools": [{}, "f"],
    "tool_choice": ["required"],
    "reasoning_effort": ["low"],
    "store": [True],
    "metadata": [{"a": "b"}],
    "modalities": [["audio"]],
    "service_tier": ["priority"],
    "suffix": ["x"],
    "best_of": [2, True],
    "echo": [True],
    "what": [1],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG.items() for value in values],
    ids=str,
)
def test_wrong_and_unknown_fields_are_named(field: str, value: object) -> None:
    error = refused(**{field: value})
    assert error.param == field and error.message.count("\n") == 0


def test_lengths_may_not_differ() -> None:
    assert refused(max_tokens=1, max_completion_tokens=2).param == "max_tokens"
    (request,) = chat(max_tokens=2, max_completion_tokens=2).requests
    assert request.settings.max_tokens == 2


def test_bodies_are_objects() -> None:
    bodies: list[object] = [[], "x", 3, None, True]
    for body in bodies:
        with pytest.raises(ApiError):
            chat_completion(body, DEFAULTS)


def test_choices_share_a_prompt_and_differ_in_their_seeds() -> None:
    found = chat(n=3, seed=2**63 - 2)
    assert [request.settings.seed for request in found.requests] == [
        *(2**63 - 2, 2**63 - 1, 0)
    ]
    assert all(request.controls.repeated for request in found.requests)


def test_texts_go_on() -> None:
    body = {"prompt": ["a", "b"], "n": 2, "echo": True, "seed": 1}
    found = text_completion(body, DEFAULTS)
    assert found.echoes == ("a", "a", "b", "b") and found.count == 2
    assert [request.content for request in found.requests] == list("aabb")
    assert all(request.controls.raw for request in found.requests)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": ["a"] * 17}, "prompt"),
        ({"prompt": ["a"] * 9, "n": 2}, "n"),
        ({"prompt": "a", "echo": True, "logprobs": 1}, "logprobs"),
        ({"prompt": "a", "logprobs": True}, "logprobs"),
        ({"prompt": "a", "messages": HELLO}, "messages"),
    ],
    ids=str,
)
def test_texts_that_cannot_go_on(body: object, param: str) -> None:
    with pytest.raises(ApiError) as error:
        text_completion(body, DEFAULTS)
    assert error.value.param == param
