"""What the mixers report: it is what they compute, and it changes nothing."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from checkpoints import checkpoint_tensors, small_config
from configurations import CONFIGURATIONS, SEEDS, configuration, random_ids
from reference import Reference
from running import build
from tolerances import LOGITS, LONG_SUM, OPERATOR, PROBABILITY, max_difference

from backends.genesis_mlx import (
    GeneratedToken,
    Model,
    Prefilled,
    Readings,
    SamplingSettings,
    generate_with_progress,
)
from backends.genesis_mlx.layers.trace import Trace
from backends.genesis_mlx.readings import Pending, traced

SETTINGS = SamplingSettings(seed=5)
PROMPT = random_ids(40, 9)


def read(model: Model, ids: list[int], sizes: list[int], ttt: bool) -> list[Readings]:
    """Readings of each call of a text read in parts."""
    cache, found, at = model.make_cache(ttt=ttt), [], 0
    for size in sizes:
        trace = Trace()
        mx.eval(model.features(mx.array([ids[at : at + size]]), cache, trace))
        found.append(Pending(traced(trace), cache.offset).read())
        at += size
    return found


def events(model: Model, ttt: bool, **options: Any) -> list[Any]:
    cache = model.make_cache(ttt=ttt)
    values: dict[str, Any] = {"settings": SETTINGS, "max_tokens": 20, **options}
    return list(generate_with_progress(model, PROMPT, cache=cache, **values))


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("ttt", [False, True])
def test_they_change_nothing(name: str, ttt: bool, tmp_path: Path) -> None:
    """To the bit, whole and token by token."""
    config = configuration(name)
    model = build(config, checkpoint_tensors(config, seed=SEEDS[name]), tmp_path)
    ids = random_ids(20, 1)
    for part in ([ids], [[token] for token in ids]):
        caches = [model.make_cache(ttt=ttt) for _ in range(2)]
        for piece in part:
            x = mx.array([piece])
            plain = model.features(x, caches[0])
            traced = model.features(x, caches[1], Trace())
            assert np.array_equal(np.asarray(plain), np.asarray(traced))


@pytest.mark.parametrize("ttt", [False, True])
def test_they_come_with_every_step(model: Model, ttt: bool) -> None:
    off, on = events(model, ttt), events(model, ttt, readings=True, prefill_step=16)
    tokens = [e for e in off if isinstance(e, GeneratedToken)]
    told = [e for e in on if isinstance(e, GeneratedToken)]
    assert [t.id for t in told] == [t.id for t in tokens]
    assert all(e.readings is None for e in off)
    layers = model.args.layer_kinds
    counts = {kind: layers.count(kind) for kind in ("gla", "fox")}
    heads = model.args.n_head
    read_so_far = 0
    for event in on:
        if isinstance(event, GeneratedToken) and event is told[0]:
            # Its step read nothing: the prompt's readings came with the prompt.
            assert event.readings is None
            continue
        found = event.readings
        length = event.done - read_so_far if isinstance(event, Prefilled) else 1
        read_so_far += length
        assert found.decay.shape == (counts["gla"], length, heads)
        assert found.log_forget.shape == (counts["fox"], length, heads)
        assert found.remaining.shape == (counts["fox"], heads, read_so_far)
        for name in ("surprise", "confidence", "mix"):
            value = getattr(found, name)
            assert value.shape == (length,) if ttt else value is None
        assert (found.decay > 0).all() and (found.decay <= 1).all()
        assert (found.remaining >= 0).all() and (found.remaining <= 1).all()
        assert (found.log_forget <= 0).all()
    assert read_so_far == len(PROMPT) + len(told) - 1


@pytest.mark.parametrize("sizes", [[64], [1] * 64, [1, 30, 2, 31]])
def test_remaining_weights_are_products_of_forget_gates(
    model: Model, sizes: list[int]
) -> None:
    """By a loop in float64."""
    ids = random_ids(64, 3)
    found = read(model, ids, sizes, True)
    forget = np.concatenate([r.log_forget for r in found], axis=1).astype(np.float64)
    expected = np.ones((forget.shape[0], forget.shape[2], len(ids)))
    for key in range(len(ids)):
        expected[:, :, key] = np.exp(forget[:, key + 1 :].sum(axis=1))
    assert max_difference(found[-1].remaining, expected) <= LONG_SUM
    whole = read(model, ids, [64], True)[0]
    for name in ("decay", "log_forget"):
        parts = np.concatenate([getattr(r, name) for r in found], axis=1)
        assert max_difference(parts, getattr(whole, name)) <= OPERATOR
    for name in ("surprise", "confidence", "mix"):
        parts = np.concatenate([getattr(r, name) for r in found])
        assert max_difference(parts, getattr(whole, name)) <= OPERATOR


@pytest.mark.reference
def test_they_are_what_the_reference_computes(tmp_path: Path) -> None:
    config = small_config(use_selective_activation=False)
    tensors = checkpoint_tensors(config, seed=4)
    model, ids = build(config, tensors, tmp_path), random_ids(30, 4)
    found = read(model, ids, [len(ids)], True)[0]
    kinds = model.args.layer_kinds
    gla = [n for n, kind in enumerate(kinds) if kind == "gla"]
    fox = [n for n, kind in enumerate(kinds) if kind == "fox"]
    names = [f"blocks.{n}.attn.gk_proj" for n in gla]
    names += [f"blocks.{n}.attn.fgate_proj" for n in fox]
    top = ["metacognition.self_model", "metacognition.ttt"]
    values = Reference(config, tensors).outputs(ids, [*names, *top])
    for layer, n in enumerate(gla):
        gate = values[f"blocks.{n}.attn.gk_proj"][0].astype(np.float64)
        rate = np.exp(np.asarray(model.blocks[n].attn.A_log, np.float64))
        bias = np.asarray(model.blocks[n].attn.dt_bias, np.float64)
        expected = np.exp(-rate * np.logaddexp(0, gate + bias))
        assert max_difference(found.decay[layer], expected) <= PROBABILITY
    for layer, n in enumerate(fox):
        gate = values[f"blocks.{n}.attn.fgate_proj"][0].astype(np.float64)
        assert max_difference(found.log_forget[layer], -np.logaddexp(0, -gate)) <= (
            OPERATOR
        )
    expected, adapted = (values[name][0].astype(np.float64) for name in top)
    surprise = ((expected - adapted) ** 2).mean(-1)
    assert found.surprise is not None
    # Through all blocks, as logits.
    assert max_difference(found.surprise, surprise) <= LOGITS
