"""Turns that fail or are stopped leave a conversation that goes on rightly."""

from typing import Any

import pytest
from faults import break_down

from genesis_chat import Genesis
from genesis_chat.engine import Dropped, Finished, Reply, Session
from genesis_chat.engine.detokenizer import Detokenizer
from genesis_chat.errors import GenerationError, UsageError
from genesis_chat.settings import GenerationSettings

GREEDY = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=12)
ADAPTED = GenerationSettings(
    temperature=0, repetition_penalty=1, max_tokens=12, ttt=True
)
LONG = "Tell me about the bird that sings in the green tree near the old house. " * 6


def take(session: Session, content: str, settings: Any = GREEDY) -> Reply:
    (reply,) = (
        event.reply
        for event in session.reply(content, settings)
        if isinstance(event, Finished)
    )
    return reply


def test_an_interrupted_step_is_not_built_upon(
    genesis: Genesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = genesis.session()
    first = take(session, "My name is Bob.")
    break_down(monkeypatch, 4, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        take(session, "What is the capital of France?")
    fresh = genesis.session()
    fresh.exchanges = list(session.exchanges)
    after, expected = (take(s, "What is my name?") for s in (session, fresh))
    assert after.token_ids == expected.token_ids
    # It goes on from the turn before the interrupted one.
    known = first.prompt_tokens + first.reply_tokens
    assert known - 1 <= after.prompt_tokens - after.prefilled_tokens <= known
    assert len(session.exchanges) == 3


def test_a_device_that_fails_ends_the_reply_with_an_error(
    genesis: Genesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As MLX reports a device out of memory."""
    session = genesis.session()
    break_down(monkeypatch, 5, RuntimeError("out of memory"))
    events = []
    with pytest.raises(GenerationError, match="out of memory"):
        for event in session.reply("What are you made of?", GREEDY):
            events.append(event)
    assert isinstance(events[-1], Finished)
    assert events[-1].reply.finish_reason == "error"
    assert events[-1].reply.text
    again = take(session, "What are you made of?")
    assert again.prefilled_tokens == again.prompt_tokens


@pytest.mark.parametrize("between", ["cancelled", "refused", "nothing"])
def test_switching_test_time_training_starts_afresh(
    genesis: Genesis, between: str
) -> None:
    """A state without it cannot be continued with it, whatever came in between."""
    session = genesis.session()
    take(session, "Hello!")
    if between == "cancelled":
        list(session.reply("How are you?", ADAPTED, cancelled=lambda: True))
    if between == "refused":
        with pytest.raises(UsageError):
            take(session, "How are you?", GenerationSettings(temperature=-1, ttt=True))
    reply = take(session, "What can you do?", ADAPTED)
    assert reply.prefilled_tokens == reply.prompt_tokens
    following = take(session, "Thank you very much!", ADAPTED)
    assert following.prefilled_tokens < following.prompt_tokens


def test_a_turn_that_comes_to_nothing_drops_nothing(genesis: Genesis) -> None:
    sessions = [genesis.session(), genesis.session()]
    for session in sessions:
        turn = take(session, LONG).prompt_tokens
        while take(session, LONG).prompt_tokens + turn < genesis.model.context:
            pass
    stopped, control = sessions
    events = list(stopped.reply(LONG, GREEDY, cancelled=lambda: True))
    assert any(isinstance(event, Dropped) for event in events)
    with pytest.raises(UsageError):
        take(stopped, LONG, GenerationSettings(top_p=2.0))
    assert (
        take(stopped, "Hello!").prompt_tokens == take(control, "Hello!").prompt_tokens
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 2.5),
        ("max_tokens", 0),
        ("max_tokens", True),
        ("top_k", 2.5),
        ("temperature", "warm"),
        ("seed", 1.5),
        ("ttt", 1),
        ("min_p", float("nan")),
    ],
)
def test_settings_are_checked_by_name(genesis: Genesis, name: str, value: Any) -> None:
    options: Any = {name: value}
    with pytest.raises(UsageError, match=name):
        genesis.ask("Hello!", **options)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (
            ["\n", " \n", "    def", " f():\n", "        pass", "\n"],
            "    def f():\n        pass",
        ),
        (["  ", "\n\n", "one\n", "\n", "two", " \n"], "one\n\ntwo"),
        ([" one"], " one"),
        ([" ", "\n"], ""),
    ],
)
def test_only_blank_lines_around_a_reply_are_dropped(
    pieces: list[str], text: str
) -> None:
    class Tokens:
        strips_space = False
        thinking = None
        stop_texts: tuple[str, ...] = ()

        def token_bytes(self, token: int) -> bytes:
            return pieces[token].encode()

    tokens: Any = Tokens()
    detokenizer = Detokenizer(tokens, tokens, False)
    shown = [each for n in range(len(pieces)) for each in detokenizer.push(n)]
    shown += detokenizer.flush()
    assert "".join(part for _, part in shown) == text
