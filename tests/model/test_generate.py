"""The generation loop: what it yields, when it stops, what it leaves behind."""

from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import SMALL_VOCAB
from configurations import random_ids
from running import whole
from tolerances import SPLIT, max_difference

from backends.genesis_mlx import (
    ContextError,
    FinishReason,
    GeneratedToken,
    Model,
    NonFiniteLogitsError,
    Prefilled,
    SamplingSettings,
    TokenError,
    generate,
    generate_with_progress,
)

GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
PROMPT = random_ids(20, 1)


def ids_of(tokens: Iterator[GeneratedToken]) -> list[int]:
    return [token.id for token in tokens]


@pytest.mark.parametrize("ttt", [False, True])
def test_greedy_is_the_argmax_of_the_whole_forward(model: Model, ttt: bool) -> None:
    cache = model.make_cache(ttt=ttt)
    found = ids_of(generate(model, PROMPT, cache=cache, settings=GREEDY, max_tokens=30))
    logits = whole(model, [*PROMPT, *found], ttt=ttt)
    assert found == logits[len(PROMPT) - 1 : -1].argmax(-1).tolist()


def test_without_a_cache_test_time_training_is_off(model: Model) -> None:
    plain = generate(model, PROMPT, settings=GREEDY, max_tokens=30)
    cache = model.make_cache(ttt=False)
    given = generate(model, PROMPT, cache=cache, settings=GREEDY, max_tokens=30)
    assert ids_of(plain) == ids_of(given)


@pytest.mark.parametrize("step", [1, 7, 19, 20, 21, 1000])
def test_the_prefill_step_changes_nothing(model: Model, step: int) -> None:
    settings = SamplingSettings(seed=3)
    options: dict[str, Any] = {"settings": settings, "max_tokens": 25}
    expected = ids_of(generate(model, PROMPT, **options))
    assert ids_of(generate(model, PROMPT, prefill_step=step, **options)) == expected


def test_log_probabilities_are_the_models_own(model: Model) -> None:
    """Whatever the sampling settings make of them."""
    settings = SamplingSettings(temperature=3, top_k=7, repetition_penalty=2, seed=1)
    cache = model.make_cache(ttt=False)
    tokens = list(
        generate(model, PROMPT, cache=cache, settings=settings, max_tokens=20)
    )
    found = [token.id for token in tokens]
    logits = whole(model, [*PROMPT, *found], ttt=False)[len(PROMPT) - 1 : -1]
    logits -= np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    expected = logits[np.arange(20), found]
    actual = [token.log_probability for token in tokens]
    assert max_difference(actual, expected) <= SPLIT
    assert max(actual) <= 0


def test_progress_comes_before_the_first_token(model: Model) -> None:
    events = list(
        generate_with_progress(
            model, PROMPT, settings=GREEDY, max_tokens=2, prefill_step=8
        )
    )
    assert events[:3] == [Prefilled(8, 20), Prefilled(16, 20), Prefilled(20, 20)]
    assert [type(event) for event in events[3:]] == [GeneratedToken] * 2


def test_it_ends_at_max_tokens(model: Model) -> None:
    tokens = list(generate(model, PROMPT, settings=GREEDY, max_tokens=5))
    assert [token.finish_reason for token in tokens] == [
        *[None] * 4,
        FinishReason.LENGTH,
    ]


def test_it_ends_at_a_stop_token_which_is_yielded(model: Model) -> None:
    free = ids_of(generate(model, PROMPT, settings=GREEDY, max_tokens=20))
    stop = free[7]
    first = free.index(stop)
    cache = model.make_cache(ttt=False)
    options: dict[str, Any] = {"settings": GREEDY, "max_tokens": 20, "cache": cache}
    tokens = list(generate(model, PROMPT, stop_ids={stop}, **options))
    assert [token.id for token in tokens] == free[: first + 1]
    assert tokens[-1].finish_reason is FinishReason.STOP


def test_it_never_exceeds_the_context(model: Model) -> None:
    size = model.args.block_size
    prompt = random_ids(size - 3, 2)
    cache = model.make_cache()
    tokens = list(generate(model, prompt, cache=cache, settings=GREEDY, max_tokens=50))
    assert len(tokens) == 3
    assert tokens[-1].finish_reason is FinishReason.CONTEXT
    assert cache.offset <= size


@pytest.mark.parametrize("length", [128, 129])
def test_a_prompt_that_leaves_no_room_is_refused(model: Model, length: int) -> None:
    cache = model.make_cache()
    with pytest.raises(ContextError, match=f"{length} tokens.*128"):
        generate(
            model, random_ids(length, 1), cache=cache, settings=GREEDY, max_tokens=1
        )
    assert cache.offset == 0


@pytest.mark.parametrize("bad", [-1, SMALL_VOCAB, 2**40])
def test_ids_outside_the_vocabulary_are_refused(model: Model, bad: int) -> None:
    cache = model.make_cache()
    with pytest.raises(TokenError, match=str(bad)):
        generate(model, [1, bad], cache=cache, settings=GREEDY, max_tokens=1)
    assert cache.offset == 0
    if abs(bad) < 2**31:
        with pytest.raises(TokenError, match=str(bad)):
            model(mx.array([[1, bad]]))


def test_an_empty_prompt_and_no_tokens_are_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="empty"):
        generate(model, [], settings=GREEDY, max_tokens=1)
    wrong: tuple[dict[str, Any], ...]
    wrong = ({"max_tokens": 0}, {"max_tokens": 1, "prefill_step": 0})
    for option in wrong:
        with pytest.raises(ValueError, match="at least 1"):
            generate(model, [1], settings=GREEDY, **option)


@pytest.mark.parametrize("reason", ["length", "closed"])
def test_a_second_turn_continues_where_the_first_ended(
    model: Model, reason: str
) -> None:
    """Whether the cache has read the last token, `offset` tells."""
    cache = model.make_cache()
    tokens = generate(model, PROMPT, cache=cache, settings=GREEDY, max_tokens=8)
    found = []
    for token in tokens:
        found.append(token.id)
        if reason == "closed" and len(found) == 5:
            tokens.close()
            break
    text = [*PROMPT, *found]
    read, rest = text[: cache.offset], [*text[cache.offset :], *random_ids(5, 4)]
    assert len(text) - cache.offset in (0, 1)
    again = generate(
        model, rest, cache=cache, history=read, settings=GREEDY, max_tokens=10
    )
    fresh = generate(
        model,
        [*read, *rest],
        cache=model.make_cache(),
        settings=GREEDY,
        max_tokens=10,
    )
    assert ids_of(again) == ids_of(fresh)


def test_the_penalty_sees_what_the_cache_has_read(model: Model) -> None:
    settings = SamplingSettings(temperature=0, repetition_penalty=100)
    cache = model.make_cache()
    list(generate(model, PROMPT[:10], cache=cache, settings=GREEDY, max_tokens=1))
    assert cache.offset == 10
    found = ids_of(
        generate(
            model,
            PROMPT[10:],
            cache=cache,
            history=PROMPT[:10],
            settings=settings,
            max_tokens=40,
        )
    )
    assert not set(found) & set(PROMPT)
    assert len(set(found)) == len(found)


def test_it_stops_at_logits_that_are_not_finite(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before stands; a NaN in one entry is enough."""
    good = model.logits
    calls = []

    def break_down(x: mx.array) -> mx.array:
        calls.append(1)
        logits = good(x)
        if len(calls) < 4:
            return logits
        return mx.where(mx.arange(logits.shape[-1]) == 5, mx.nan, logits)

    expected = ids_of(generate(model, PROMPT, settings=GREEDY, max_tokens=3))
    monkeypatch.setattr(type(model), "logits", lambda self, x: break_down(x))
    found = []
    with pytest.raises(NonFiniteLogitsError, match="not finite after 3 tokens"):
        for token in generate(model, PROMPT, settings=GREEDY, max_tokens=30):
            found.append(token.id)
    assert found == expected
