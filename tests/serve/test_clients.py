"""OpenAI's own client, curl and llm against the running server."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import openai
import pytest
from server import Server, events
from terminal import call

pytestmark = pytest.mark.loopback

# llm and what it brings may be in an environment of its own, whose Python
# this variable names.
LLM = os.environ.get("LLM_PYTHON") or (sys.executable if find_spec("llm") else "")
QUESTION = "What are you made of?"
MESSAGES: Any = [{"role": "user", "content": QUESTION}]


@pytest.fixture
def client(server: Server) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)


def test_whole_streamed_and_asked_are_equal(
    client: openai.OpenAI, server: Server
) -> None:
    asked = json.loads(call("ask", QUESTION, "--temp", "0", "--json").out)
    whole = client.chat.completions.create(
        model="builtin", messages=MESSAGES, temperature=0
    )
    chunks = list(
        client.chat.completions.create(
            model="builtin",
            messages=MESSAGES,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    streamed = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert whole.choices[0].message.content == streamed == asked["text"]
    assert whole.choices[0].finish_reason == "stop"
    assert chunks[0].choices[0].delta.role == "assistant"
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert reasons == [*[None] * (len(reasons) - 1), "stop"]
    assert len({c.id for c in chunks}) == 1
    assert whole.usage and chunks[-1].usage and not chunks[-1].choices
    for usage in (whole.usage, chunks[-1].usage):
        assert usage.prompt_tokens == asked["prompt_tokens"]
        assert usage.completion_tokens == asked["reply_tokens"]
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert whole.model == "builtin" and whole.system_fingerprint
    assert whole.system_fingerprint == chunks[0].system_fingerprint


def test_stop_strings(client: openai.OpenAI) -> None:
    for stop in ("linear", ["never", "r att"], ["train", "test", "t-t", "."]):
        found = client.chat.completions.create(
            model="builtin", messages=MESSAGES, temperature=0, stop=stop
        )
        text = (
            "I am made of gated linear attention, forgetting attention and test-time "
            "training."
        )
        ends = [text.find(s) for s in ([stop] if isinstance(stop, str) else stop)]
        expected = text[: min(at for at in ends if at >= 0)].rstrip()
        assert found.choices[0].message.content == expected
        assert found.choices[0].finish_reason == "stop"


def test_seeds_repeat_and_choices_differ(client: openai.OpenAI) -> None:
    joke: Any = [{"role": "user", "content": "Tell me a joke."}]

    def texts(seed: int) -> list[str | None]:
        found = client.chat.completions.create(
            model="builtin", messages=joke, temperature=1.5, seed=seed, n=3
        )
        assert [choice.index for choice in found.choices] == [0, 1, 2]
        return [choice.message.content for choice in found.choices]

    first = texts(7)
    assert texts(7) == first and len(set(first)) > 1
    assert texts(8)[:2] == first[1:]


def test_log_probabilities(client: openai.OpenAI) -> None:
    found = client.chat.completions.create(
        model="builtin", messages=MESSAGES, temperature=0, logprobs=True, top_logprobs=2
    )
    told = found.choices[0].logprobs
    assert told and told.content
    data = b"".join(bytes(each.bytes or ()) for each in told.content)
    assert data.decode().strip() == found.choices[0].message.content
    for each in told.content:
        assert each.logprob <= 0 and len(each.top_logprobs) == 2
        assert each.top_logprobs[0].token == each.token


def test_text_goes_on(client: openai.OpenAI) -> None:
    prompts = ["The capital of France is", "Hello"]
    found = client.completions.create(
        model="builtin",
        prompt=prompts,
        max_tokens=6,
        temperature=0,
        logprobs=1,
        n=2,
        # It may not end before.
        logit_bias={"4": -100},
    )
    assert [choice.index for choice in found.choices] == [0, 1, 2, 3]
    texts = [choice.text for choice in found.choices]
    assert texts[0] == texts[1] and texts[2] == texts[3]
    for choice in found.choices:
        assert choice.finish_reason == "length" and choice.logprobs
        assert choice.logprobs.tokens and len(choice.logprobs.tokens) == 6
        assert "".join(choice.logprobs.tokens) == choice.text
        offsets = choice.logprobs.text_offset or []
        assert [choice.text[o : o + 1] for o in offsets] == [
            token[:1] for token in choice.logprobs.tokens
        ]
    chunks = client.completions.create(
        model="builtin",
        prompt=prompts[0],
        max_tokens=6,
        temperature=0,
        logit_bias={"4": -100},
        echo=True,
        stream=True,
    )
    assert "".join(c.choices[0].text for c in chunks) == prompts[0] + texts[0]


def test_penalties_and_biases_reach_the_model(client: openai.OpenAI) -> None:
    def text(**change: Any) -> str:
        found = client.completions.create(
            model="builtin",
            prompt="I am only a",
            temperature=1,
            seed=3,
            **{"max_tokens": 30, **change},
        )
        text: str = found.choices[0].text
        return text

    plain = text()
    assert text() == plain
    assert text(frequency_penalty=2) != plain
    assert text(presence_penalty=2) != plain
    assert len(set(text(logit_bias={"300": 100}, max_tokens=5))) < len(set(plain))


def test_models(client: openai.OpenAI) -> None:
    assert [each.id for each in client.models.list()] == ["builtin"]
    assert client.models.retrieve("builtin").id == "builtin"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("a/b")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"stop": list("abcde")}, "stop"),
        ({"n": 999}, "n"),
        ({"extra_body": {"mirostat": 2}}, "mirostat"),
    ],
    ids=str,
)
def test_what_is_not_supported_is_refused_by_name(
    fields: dict[str, Any], param: str, client: openai.OpenAI
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="builtin", messages=MESSAGES, **fields)
    assert refused.value.param == param


def test_other_errors_have_their_kinds(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert (missing.value.param, missing.value.code) == ("model", "model_not_found")
    long: Any = [{"role": "user", "content": "word " * 5000}]
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as full:
            client.chat.completions.create(
                model="builtin", messages=long, stream=stream
            )
        assert full.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as biased:
        client.chat.completions.create(
            model="builtin", messages=MESSAGES, logit_bias={"999999": 1}
        )
    assert "logit_bias" in str(biased.value)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(server: Server) -> None:
    body = json.dumps({"messages": MESSAGES, "temperature": 0, "stream": True})
    done = subprocess.run(
        [
            *("curl", "--silent", "--no-buffer", "--fail"),
            *("-H", "Content-Type: application/json", "-d", body),
            f"{server.url}/chat/completions",
        ],
        capture_output=True,
        check=True,
    )
    pieces = [each["choices"][0]["delta"] for each in events(done.stdout)]
    text = "".join(piece.get("content", "") for piece in pieces)
    whole = server.chat(QUESTION, temperature=0).json
    assert text == whole["choices"][0]["message"]["content"]


@pytest.mark.skipif(not LLM, reason="llm is neither installed nor in LLM_PYTHON")
def test_llm(server: Server, home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_USER_PATH", str(home))
    (home / "extra-openai-models.yaml").write_text(
        f"- model_id: local\n  model_name: builtin\n  api_base: {server.url}\n"
    )
    done = subprocess.run(
        [
            *(LLM, "-m", "llm", "-m", "local", "-o", "temperature", "0"),
            *("--key", "none", "--no-log", QUESTION),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    whole = server.chat(QUESTION, temperature=0).json
    assert done.stdout.strip() == whole["choices"][0]["message"]["content"]
