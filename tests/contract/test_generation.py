"""The one generation loop, driven with a model whose every token is known."""

from typing import Any

import pytest
from scripted import CONTEXT, VOCABULARY, ScriptedModel, ScriptedState

from backends.contract import Features
from backends.errors import ContextError, NonFiniteLogitsError, TokenError
from backends.events import FinishReason, GeneratedToken, Prefilled
from backends.generation import generate, generate_with_progress
from backends.sampling_settings import SamplingSettings

PROMPT = [1, 2, 3, 4, 5, 6]
OPTIONS: dict[str, Any] = {"settings": SamplingSettings(), "max_tokens": 5}
both_ways = pytest.mark.parametrize("ahead", [False, True], ids=["waiting", "ahead"])


def replied(model: ScriptedModel, **options: Any) -> list[GeneratedToken]:
    return list(generate(model, PROMPT, **{**OPTIONS, **options}))


@both_ways
@pytest.mark.parametrize("count", [1, 2, 5])
def test_it_ends_at_the_limit(ahead: bool, count: int) -> None:
    tokens = replied(ScriptedModel(runs_ahead=ahead), max_tokens=count)
    assert [t.id for t in tokens] == list(range(10, 10 + count))
    reasons = [*[None] * (count - 1), FinishReason.LENGTH]
    assert [t.finish_reason for t in tokens] == reasons


@both_ways
@pytest.mark.parametrize("room", [1, 3])
def test_it_ends_where_the_context_does(ahead: bool, room: int) -> None:
    model, state = ScriptedModel(runs_ahead=ahead), ScriptedState()
    state.read = [0] * (CONTEXT - room - len(PROMPT))
    tokens = replied(model, state=state, history=state.read[:], max_tokens=30)
    assert len(tokens) == room
    assert tokens[-1].finish_reason is FinishReason.CONTEXT
    assert state.offset <= CONTEXT


@both_ways
def test_a_limit_as_long_as_the_room_is_the_limit(ahead: bool) -> None:
    tokens = replied(ScriptedModel(runs_ahead=ahead), max_tokens=CONTEXT - len(PROMPT))
    assert tokens[-1].finish_reason is FinishReason.LENGTH


@both_ways
@pytest.mark.parametrize("place", [0, 2, 4])
def test_it_ends_at_a_stop_token_and_reads_nothing_after_it(
    ahead: bool, place: int
) -> None:
    """One that runs ahead may have read the stop token itself, no more."""
    model, state = ScriptedModel(runs_ahead=ahead), ScriptedState()
    tokens = replied(model, state=state, stop_ids={10 + place, 99})
    assert [t.id for t in tokens] == list(range(10, 11 + place))
    assert [t.finish_reason for t in tokens] == [*[None] * place, FinishReason.STOP]
    said = [*PROMPT, *range(10, 11 + place)]
    assert state.read in (said, said[:-1])
    # At the limit the last token is never read, and waiting reads no stop token.
    if not ahead or place == 4:
        assert state.read == said[:-1]


def test_running_ahead_queues_the_next_before_it_waits() -> None:
    model = ScriptedModel(runs_ahead=True)
    replied(model, max_tokens=3, prefill_step=9)
    assert model.log == [
        *("read 6", "draw", "follow 10", "result 10"),
        *("follow 11", "result 11", "result 12"),
    ]


def test_waiting_follows_only_what_somebody_asks_for() -> None:
    model = ScriptedModel()
    tokens = generate(model, PROMPT, **OPTIONS)
    assert model.log == []
    next(tokens)
    assert model.log == ["read 4", "read 2", "draw", "result 10"]
    next(tokens)
    assert model.log[4:] == ["follow 10", "result 11"]


@both_ways
@pytest.mark.parametrize("taken", [1, 3])
def test_closed_it_can_be_continued(ahead: bool, taken: int) -> None:
    model, state = ScriptedModel(runs_ahead=ahead), ScriptedState()
    tokens = generate_with_progress(model, PROMPT, state, **OPTIONS)
    found = []
    for event in tokens:
        if isinstance(event, GeneratedToken):
            found.append(event.id)
        if len(found) == taken:
            break
    tokens.close()
    said, done = [*PROMPT, *found], len(model.log)
    assert state.read == said[: state.offset] and len(said) - state.offset in (0, 1)
    with pytest.raises(StopIteration):
        next(tokens)
    assert len(model.log) == done


def test_closed_in_the_prompt_it_reads_no_further() -> None:
    model, state = ScriptedModel(), ScriptedState()
    events = generate_with_progress(model, PROMPT, state, **OPTIONS)
    assert next(events) == Prefilled(4, 6)
    events.close()
    assert (state.read, model.log) == (PROMPT[:4], ["read 4"])


@both_ways
@pytest.mark.parametrize("broken", [0, 1, 4])
def test_logits_that_are_not_finite_end_it_and_what_came_before_stands(
    ahead: bool, broken: int
) -> None:
    model, found = ScriptedModel(runs_ahead=ahead, broken_at=broken), []
    with pytest.raises(NonFiniteLogitsError, match=f"after {broken} tokens"):
        for token in generate(model, PROMPT, **OPTIONS):
            found.append(token.id)
    assert found == list(range(10, 10 + broken))


@both_ways
def test_a_stop_token_hides_what_was_not_asked_for(ahead: bool) -> None:
    """What was queued after the end of a reply cannot fail it."""
    tokens = replied(ScriptedModel(runs_ahead=ahead, broken_at=3), stop_ids={12})
    assert tokens[-1].finish_reason is FinishReason.STOP


@both_ways
def test_readings_belong_to_the_call_that_led_to_a_token(ahead: bool) -> None:
    model = ScriptedModel(runs_ahead=ahead)
    events = generate_with_progress(model, PROMPT, readings=True, **OPTIONS)
    told = [
        (type(event), event.readings and int(event.readings.decay[0, 0, 0]))
        for event in events
    ]
    assert told == [
        (Prefilled, 4),
        (Prefilled, 6),
        # The prompt's own were told with its last part.
        (GeneratedToken, None),
        *((GeneratedToken, read) for read in (7, 8, 9, 10)),
    ]


def test_a_model_without_readings_gives_none() -> None:
    model = ScriptedModel(features=Features(readings=False))
    events = generate_with_progress(model, PROMPT, readings=True, **OPTIONS)
    assert all(event.readings is None for event in events)


@pytest.mark.parametrize(
    ("step", "parts"), [(None, [4, 2]), (1, [1] * 6), (6, [6]), (1000, [6])]
)
def test_the_prompt_is_read_in_parts(step: int | None, parts: list[int]) -> None:
    model = ScriptedModel()
    events = list(generate_with_progress(model, PROMPT, prefill_step=step, **OPTIONS))
    progress = [event for event in events if isinstance(event, Prefilled)]
    assert events[: len(progress)] == progress
    assert [event.done for event in progress] == [
        sum(parts[: number + 1]) for number in range(len(parts))
    ]
    assert model.log[: len(parts)] == [f"read {part}" for part in parts]


def test_the_sampler_sees_history_and_prompt_in_order() -> None:
    model, state = ScriptedModel(), ScriptedState([7, 8])
    replied(model, state=state, history=[7, 8])
    assert model.seen == (7, 8, *PROMPT)


@pytest.mark.parametrize(
    ("prompt", "history", "options", "error", "message"),
    [
        ([], [], {}, ValueError, "empty"),
        ([1], [], {"max_tokens": 0}, ValueError, "at least 1"),
        ([1], [], {"prefill_step": 0}, ValueError, "at least 1"),
        ([1, -1], [], {}, TokenError, "-1 is outside the vocabulary of 50"),
        ([1, VOCABULARY], [], {}, TokenError, "50 is outside"),
        ([1], [2**40], {}, TokenError, "1099511627776"),
        ([1] * CONTEXT, [], {}, ContextError, "40 tokens leave no room"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_at_once(
    prompt: list[int],
    history: list[int],
    options: dict[str, int],
    error: type[Exception],
    message: str,
) -> None:
    """Before the first event, and with nothing read."""
    model, state = ScriptedModel(), ScriptedState()
    everything: dict[str, Any] = {**OPTIONS, "history": history, **options}
    with pytest.raises(error, match=message):
        generate(model, prompt, state, **everything)
    assert (state.read, model.log) == ([], [])
