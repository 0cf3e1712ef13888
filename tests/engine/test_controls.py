"""What programs may ask of a reply besides the settings."""

import itertools
from typing import Any

import pytest
from loaded import loaded

from genesis_chat import Genesis
from genesis_chat.engine import (
    Controls,
    Event,
    Exchange,
    Finished,
    Likelihood,
    PromptProgress,
    Reply,
    Request,
    Text,
)
from genesis_chat.errors import ContextFullError, UsageError
from genesis_chat.settings import GenerationSettings

GREEDY = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=60)
SYSTEM = "You are a helpful assistant."
QUESTION = "What are you made of?"


def request(content: str = QUESTION, **controls: Any) -> Request:
    return Request(content, GREEDY, SYSTEM, controls=Controls(**controls))


def told(genesis: Genesis, asked: Request) -> list[Event]:
    return list(genesis.engine().reply(asked))


def reply_of(genesis: Genesis, asked: Request) -> Reply:
    (finished,) = (e for e in told(genesis, asked) if isinstance(e, Finished))
    return finished.reply


@pytest.fixture(scope="module")
def plain(genesis: Genesis) -> str:
    """The whole reply to the question."""
    text = reply_of(genesis, request()).text
    assert len(text) > 30
    return text


@pytest.mark.parametrize("length", [1, 2, 5, 11])
def test_a_stop_text_ends_a_reply_wherever_tokens_end(
    length: int, genesis: Genesis, plain: str
) -> None:
    for start in range(3, 24, 3):
        stop = plain[start : start + length]
        events = told(genesis, request(stop=("no such text", stop)))
        pieces = [event.text for event in events if isinstance(event, Text)]
        expected = plain[: plain.index(stop)].rstrip()
        assert "".join(pieces) == expected
        (finished,) = (event for event in events if isinstance(event, Finished))
        assert (finished.reply.text, finished.reply.finish_reason) == (expected, "stop")


def test_the_stop_text_that_comes_first_ends_it(genesis: Genesis, plain: str) -> None:
    late, early = plain[20:24], plain[8:12]
    assert reply_of(genesis, request(stop=(late, early))).text == plain[:8].rstrip()


def test_what_only_began_like_a_stop_text_is_there_at_the_limit(
    genesis: Genesis,
) -> None:
    short = Request(QUESTION, GenerationSettings(max_tokens=4, temperature=0), SYSTEM)
    text = reply_of(genesis, short).text
    stop = f"{text[-1]} and never this"
    limited = Request(
        short.content, short.settings, SYSTEM, controls=Controls(stop=(stop,))
    )
    reply = reply_of(genesis, limited)
    assert (reply.text, reply.finish_reason) == (text, "length")


def test_likelihoods_are_told_for_every_token(genesis: Genesis, plain: str) -> None:
    events = told(genesis, request(alternatives=3))
    told_of = [
        each
        for event in events
        if isinstance(event, Text)
        for each in event.likelihoods
    ]
    assert b"".join(each.bytes for each in told_of).decode().strip() == plain
    for each in told_of:
        assert len(each.alternatives) == 3
        # Nothing but the most likely token is taken at temperature 0.
        first = each.alternatives[0]
        assert first.bytes == each.bytes
        assert first.log_probability == pytest.approx(each.log_probability)
        pairs = itertools.pairwise(each.alternatives)
        assert all(a.log_probability >= b.log_probability for a, b in pairs)


def test_likelihoods_may_be_of_the_reply_alone(genesis: Genesis) -> None:
    events = told(genesis, request(alternatives=0))
    (first, *_) = (event for event in events if isinstance(event, Text))
    assert first.likelihoods[0] == Likelihood(
        first.likelihoods[0].bytes, first.log_probabilities[0]
    )
    silent = told(genesis, request())
    assert not any(e.likelihoods for e in silent if isinstance(e, Text))


def test_a_biased_token_is_all_that_comes(genesis: Genesis) -> None:
    (token,) = loaded(genesis).tokenizer.encode(".")[-1:]
    reply = reply_of(genesis, request(logit_bias=((token, 100.0),)))
    assert set(reply.token_ids) == {token}
    with pytest.raises(UsageError, match="token 999999"):
        told(genesis, request(logit_bias=((999999, 1.0),)))


def test_a_text_goes_on_as_it_is(genesis: Genesis) -> None:
    reply = reply_of(genesis, request("Hello! How can I", raw=True))
    ids = loaded(genesis).tokenizer.encode("Hello! How can I")
    assert reply.prompt_tokens == len(ids)
    assert reply.text.startswith(" ")
    with pytest.raises(UsageError, match="empty"):
        told(genesis, request("", raw=True))
    with pytest.raises(ContextFullError, match="tokens"):
        told(genesis, request("word " * 9000, raw=True))


def test_a_prompt_that_comes_again_is_read_once(genesis: Genesis) -> None:
    engine = genesis.engine()
    for raw in (False, True):
        asked = request(raw=raw, repeated=True)
        read = [
            sum(event.total for event in events if isinstance(event, PromptProgress))
            for events in (list(engine.reply(asked)) for _ in range(2))
        ]
        texts = {
            event.reply.text
            for event in engine.reply(asked)
            if isinstance(event, Finished)
        }
        assert texts == {reply_of(genesis, request(raw=raw)).text}
        assert read[1] < read[0] / 4


def test_what_left_the_prompt_is_counted(genesis: Genesis) -> None:
    long = Exchange("What is this? " * 40, "It is a text. " * 40)
    asked = Request("Hello!", GREEDY, SYSTEM, (long,) * 12)
    left_out = reply_of(genesis, asked).left_out
    assert 0 < left_out < 12
    assert reply_of(genesis, request()).left_out == 0
