"""The CPU backend's generation loop, against the MLX backend's and by itself."""

from typing import Any

import numpy as np
import pytest
from checkpoints import SMALL_VOCAB
from configurations import random_ids
from running_cpu import whole
from tolerances import SPLIT, max_difference

from backends import genesis_mlx
from backends.genesis_cpu import (
    ContextError,
    FinishReason,
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


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_same_reply_as_mlx(
    seed: int, ttt: bool, model: Model, mlx_model: genesis_mlx.Model
) -> None:
    settings = SamplingSettings(seed=seed) if seed else GREEDY
    options: dict[str, Any] = {"settings": settings, "max_tokens": 40}
    ours = list(generate(model, PROMPT, cache=model.make_cache(ttt), **options))
    cache = mlx_model.make_cache(ttt)
    theirs = list(genesis_mlx.generate(mlx_model, PROMPT, cache=cache, **options))
    assert [(t.id, t.finish_reason) for t in ours] == [
        (t.id, t.finish_reason) for t in theirs
    ]
    likely = [[t.log_probability for t in tokens] for tokens in (ours, theirs)]
    assert max_difference(*likely) <= SPLIT


@pytest.mark.parametrize("step", [1, 4, 5, 19, 20, 1000])
def test_the_prefill_step_changes_nothing(model: Model, step: int) -> None:
    options: dict[str, Any] = {"settings": SamplingSettings(seed=3), "max_tokens": 25}
    expected = [token.id for token in generate(model, PROMPT, **options)]
    tokens = generate(model, PROMPT, prefill_step=step, **options)
    assert [token.id for token in tokens] == expected


def test_progress_comes_before_the_first_token(model: Model) -> None:
    events = generate_with_progress(
        model, PROMPT, settings=GREEDY, max_tokens=2, prefill_step=8
    )
    assert list(events)[:3] == [Prefilled(8, 20), Prefilled(16, 20), Prefilled(20, 20)]


def test_it_ends_at_a_stop_token_and_at_the_context(model: Model) -> None:
    free = [t.id for t in generate(model, PROMPT, settings=GREEDY, max_tokens=20)]
    stop = free[7]
    tokens = list(
        generate(model, PROMPT, settings=GREEDY, max_tokens=20, stop_ids={stop})
    )
    assert [t.id for t in tokens] == free[: free.index(stop) + 1]
    assert tokens[-1].finish_reason is FinishReason.STOP
    size = model.args.block_size
    prompt, cache = random_ids(size - 3, 2), model.make_cache()
    tokens = list(generate(model, prompt, cache=cache, settings=GREEDY, max_tokens=50))
    assert len(tokens) == 3
    assert tokens[-1].finish_reason is FinishReason.CONTEXT
    assert cache.offset <= size


def test_what_cannot_be_read_is_refused(model: Model) -> None:
    cache = model.make_cache()
    options: dict[str, Any] = {"cache": cache, "settings": GREEDY}
    with pytest.raises(ContextError, match=r"128 tokens.*128"):
        generate(model, random_ids(128, 1), max_tokens=1, **options)
    for bad in (-1, SMALL_VOCAB, 2**40):
        with pytest.raises(TokenError, match=str(bad)):
            generate(model, [1, bad], max_tokens=1, **options)
    with pytest.raises(ValueError, match="empty"):
        generate(model, [], max_tokens=1, **options)
    with pytest.raises(TokenError, match="one text at a time"):
        model(np.array([[1], [2]]))
    with pytest.raises(TokenError, match="integers"):
        model(np.array([[1.5]]))
    assert cache.offset == 0


def test_closed_it_can_be_continued(model: Model) -> None:
    cache = model.make_cache()
    found = []
    tokens = generate(model, PROMPT, cache=cache, settings=GREEDY, max_tokens=8)
    for token in tokens:
        found.append(token.id)
        if len(found) == 5:
            break
    text = [*PROMPT, *found]
    read, rest = text[: cache.offset], [*text[cache.offset :], *random_ids(5, 4)]
    options: dict[str, Any] = {"settings": GREEDY, "max_tokens": 10}
    again = generate(model, rest, cache=cache, history=read, **options)
    fresh = generate(model, [*read, *rest], cache=model.make_cache(), **options)
    assert [t.id for t in again] == [t.id for t in fresh]


def test_it_stops_at_logits_that_are_not_finite(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before stands; a NaN in one entry is enough."""
    good, calls = model.step, []

    def break_down(token: int, cache: Any) -> Any:
        logits = good(token, cache)
        calls.append(1)
        if len(calls) == 3:
            logits[5] = np.nan
        return logits

    monkeypatch.setattr(type(model), "step", lambda self, *a: break_down(*a[:2]))
    found = []
    with pytest.raises(NonFiniteLogitsError, match="not finite after 3 tokens"):
        for token in generate(model, PROMPT, settings=GREEDY, max_tokens=30):
            found.append(token.id)
    monkeypatch.undo()
    expected = generate(model, PROMPT, settings=GREEDY, max_tokens=3)
    assert found == [token.id for token in expected]


def test_nan_in_a_weight_reaches_the_logits(model: Model) -> None:
    """No kernel's clamp or selection may hide it."""
    cache = model.make_cache()
    model(np.array([PROMPT]), cache)
    cache.state.fixed[0] = np.nan
    assert np.isnan(model.step(1, cache.copy())).any()
    assert np.isnan(whole(model, PROMPT, ttt=False)).sum() == 0
    assert np.isnan(model(np.array([PROMPT]), cache)).any()
