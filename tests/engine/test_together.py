"""Replies whose tokens are decoded in one step are what they are alone."""

import dataclasses
from collections.abc import Iterator

import pytest
from builtin_model import PROMPTS

from genesis_chat import Genesis
from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT
from genesis_chat.engine import (
    Controls,
    Engine,
    Finished,
    LocalEngine,
    Reply,
    Request,
    WorkerEngine,
    reply_to_several,
)
from genesis_chat.errors import ContextFullError, GenesisChatError
from genesis_chat.settings import GenerationSettings

SETTINGS = GenerationSettings(temperature=0.8, max_tokens=40)


@pytest.fixture(scope="module")
def exact(converted_once: object, compiled: None) -> Iterator[Genesis]:
    """The built-in model in float32 on the CPU backend."""
    model = Genesis.load(converted_once, backend="cpu", dtype="float32")  # type: ignore[arg-type]
    yield model
    model.close()


def requests() -> list[Request]:
    """Of several lengths, seeds and settings."""
    found = []
    for number, prompt in enumerate(PROMPTS):
        settings = dataclasses.replace(
            SETTINGS,
            seed=number,
            temperature=0 if number % 3 else 0.8,
            max_tokens=1 + 7 * (number % 6),
            ttt=number % 4 == 0,
        )
        stop = (".",) if number % 5 == 0 else ()
        found.append(
            Request(
                prompt, settings, DEFAULT_SYSTEM_PROMPT, controls=Controls(stop=stop)
            )
        )
    return found


def replies(engine: Engine, width: int) -> list[tuple[str, tuple[int, ...], str]]:
    """What each reply says, its tokens, and why it ended."""
    asked = requests()
    found: dict[int, Reply] = {}
    for index, event in reply_to_several(engine, asked, width):
        assert not isinstance(event, GenesisChatError)
        if isinstance(event, Finished):
            found[index] = event.reply
    assert sorted(found) == list(range(len(asked)))
    return [
        (found[n].text, found[n].token_ids, found[n].finish_reason) for n in range(20)
    ]


@pytest.mark.parametrize("width", [2, 3, 8, 64])
def test_together_they_are_what_they_are_alone(width: int, exact: Genesis) -> None:
    alone = [
        next(
            (event.reply.text, event.reply.token_ids, event.reply.finish_reason)
            for event in exact.engine().reply(request)
            if isinstance(event, Finished)
        )
        for request in requests()
    ]
    assert replies(exact.engine(), width) == alone


def test_a_step_is_taken_for_all_at_once(
    exact: Genesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = exact.model.language_model  # type: ignore[attr-defined]
    widths: list[int] = []
    follow = type(model).follow_together

    def counted(self: object, steppers: list[object]) -> object:
        widths.append(len(steppers))
        return follow(self, steppers)

    monkeypatch.setattr(type(model), "follow_together", counted)
    replies(exact.engine(), 4)
    # A reply that ends makes room: as long as there are enough, four go on.
    assert max(widths) == 4 and widths[: len(widths) // 2].count(4) > len(widths) // 4


def test_states_are_kept_and_used_as_alone(exact: Genesis) -> None:
    engine = exact.engine()
    first = replies(engine, 8)
    assert replies(engine, 8) == first


def test_one_that_fails_does_not_end_the_others(exact: Genesis) -> None:
    asked = requests()[:3]
    asked.insert(1, dataclasses.replace(asked[0], content="word " * 5000))
    ended = {
        index: event
        for index, event in reply_to_several(exact.engine(), asked, 4)
        if isinstance(event, Finished | GenesisChatError)
    }
    assert isinstance(ended[1], ContextFullError)
    assert all(isinstance(ended[n], Finished) for n in (0, 2, 3))


def test_closed_in_the_middle_it_ends(exact: Genesis) -> None:
    engine = exact.engine()
    events = reply_to_several(engine, requests(), 8)
    for _ in range(30):
        next(events)
    events.close()
    expected = replies(exact.engine(), 1)
    assert replies(engine, 1) == expected


def test_a_step_that_breaks_off_leaves_no_state_behind(
    exact: Genesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = exact.engine()
    model = exact.model.language_model  # type: ignore[attr-defined]
    follow = type(model).follow_together
    steps: list[int] = []

    def broken(self: object, steppers: list[object]) -> object:
        steps.append(len(steppers))
        found = follow(self, steppers)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patch:
        patch.setattr(type(model), "follow_together", broken)
        with pytest.raises(KeyboardInterrupt):
            replies(engine, 4)
    assert replies(engine, 4) == replies(exact.engine(), 1)


def test_cancelled_they_end_within_a_token(exact: Genesis) -> None:
    asked, told = requests()[:6], list[object]()
    for _, event in reply_to_several(
        exact.engine(), asked, 6, cancelled=lambda: len(told) > 20
    ):
        told.append(event)
    ends = [e.reply.finish_reason for e in told if isinstance(e, Finished)]
    assert len(ends) == 6 and "cancelled" in ends


def test_an_engine_that_cannot_replies_one_by_one(
    worker: WorkerEngine, genesis: Genesis
) -> None:
    asked = requests()[:3]
    order = [index for index, _ in reply_to_several(worker, asked, 8)]
    assert order == sorted(order) and set(order) == {0, 1, 2}
    assert isinstance(genesis.engine(), LocalEngine)
