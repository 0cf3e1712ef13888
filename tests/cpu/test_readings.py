"""What the CPU backend's mixers report is what MLX's do, and changes nothing."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import checkpoint_tensors
from configurations import CONFIGURATIONS, SEEDS, configuration, random_ids
from running import build
from running_cpu import load_cpu
from tolerances import LOGITS, max_difference

from backends import genesis_cpu
from backends.events import GeneratedToken, Prefilled, Readings
from backends.genesis_cpu.readings import Trace
from backends.genesis_mlx.layers.trace import Trace as MlxTrace
from backends.genesis_mlx.readings import Pending, traced

NAMES = ("decay", "log_forget", "remaining", "surprise", "confidence", "mix")


def read(model: genesis_cpu.Model, ids: Any, sizes: Any, ttt: bool) -> list[Readings]:
    """Readings of each call of a text read in parts."""
    cache, found, at = model.make_cache(ttt=ttt), [], 0
    for size in sizes:
        trace = Trace.of(model.args, size, ttt and model.args.use_ttt)
        model.features(np.array(ids[at : at + size]), cache, trace)
        readings = trace.read(cache)
        assert readings is not None
        found.append(readings)
        at += size
    return found


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("ttt", [False, True])
def test_they_are_those_of_mlx(name: str, ttt: bool, tmp_path: Path) -> None:
    config = configuration(name)
    other = build(config, checkpoint_tensors(config, seed=SEEDS[name]), tmp_path)
    model = load_cpu(tmp_path / "model")
    ids, sizes = random_ids(40, 3), [1, 26, 3, 10]
    cache, at = other.make_cache(ttt=ttt), 0
    for size, ours in zip(sizes, read(model, ids, sizes, ttt), strict=True):
        trace = MlxTrace()
        mx.eval(other.features(mx.array([ids[at : at + size]]), cache, trace))
        theirs = Pending(traced(trace), cache.offset).read()
        at += size
        for key in NAMES:
            expected, found = getattr(theirs, key), getattr(ours, key)
            if expected is None or not expected.size:
                assert found is None or not found.size, key
            else:
                assert found.shape == expected.shape, key
                assert max_difference(found, expected) <= LOGITS, key


@pytest.mark.parametrize("ttt", [False, True])
def test_however_a_text_is_split(model: genesis_cpu.Model, ttt: bool) -> None:
    """With calls longer than what is read at once."""
    ids = random_ids(700, 5)
    whole = read(model, ids, [700], ttt)[0]
    parts = read(model, ids, [3, 600, 1, 96], ttt)
    for key in NAMES:
        expected = getattr(whole, key)
        if expected is None:
            assert not ttt
        elif key == "remaining":
            assert max_difference(parts[-1].remaining, expected) <= LOGITS
        else:
            axis = 1 if expected.ndim == 3 else 0
            joined = np.concatenate([getattr(part, key) for part in parts], axis)
            assert max_difference(joined, expected) <= LOGITS


@pytest.mark.parametrize("ttt", [False, True])
def test_they_come_with_every_step_and_change_nothing(
    model: genesis_cpu.Model, ttt: bool
) -> None:
    prompt = random_ids(40, 9)
    runs = [
        list(
            genesis_cpu.generate_with_progress(
                model,
                prompt,
                cache=model.make_cache(ttt=ttt),
                settings=genesis_cpu.SamplingSettings(seed=5),
                max_tokens=20,
                prefill_step=16,
                readings=asked,
            )
        )
        for asked in (False, True)
    ]
    off, on = runs
    assert all(event.readings is None for event in off)
    tokens = [e for e in on if isinstance(e, GeneratedToken)]
    assert [(e.id, e.log_probability) for e in tokens] == [
        (e.id, e.log_probability) for e in off if isinstance(e, GeneratedToken)
    ]
    # The first token's step read nothing: its readings came with the prompt.
    assert tokens[0].readings is None
    prompts = [e for e in on if isinstance(e, Prefilled)]
    lengths = [e.readings.decay.shape[1] for e in prompts if e.readings]
    assert lengths == [16, 16, 8]
    for count, event in enumerate(tokens[1:], len(prompt) + 1):
        found = event.readings
        assert found is not None and found.remaining.shape[2] == count
        assert (found.surprise is None) is not ttt


def test_they_stay_what_they_were(model: genesis_cpu.Model) -> None:
    """Later steps write into the same state; what was told is told."""
    first, second = read(model, random_ids(9, 1), [8, 1], True)
    kept = [np.array(getattr(first, key)) for key in NAMES]
    assert all(
        np.array_equal(value, getattr(first, key))
        for key, value in zip(NAMES, kept, strict=True)
    )
    assert second.remaining.shape[2] == 9
    for key in NAMES:
        assert not np.shares_memory(getattr(first, key), getattr(second, key))
