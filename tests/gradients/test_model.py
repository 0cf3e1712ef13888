"""The gradients of whole models, every flag, against differences and each other."""

from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from checkpoints import checkpoint_tensors
from configurations import FEW_CONFIGURATIONS, SEEDS, configuration, random_ids
from float64_forms import Wide
from mlx.utils import tree_flatten, tree_unflatten
from slow import slow_after
from tolerances import MODEL_GRADIENT, SAME_GRADIENT, max_difference
from training_models import Ids, flat_gradients, mean_loss, trained_form

from backends.genesis_mlx.layers import Block
from backends.genesis_mlx.plugin.model import Model

STEPS = (5e-5, 2e-5)


def ids_of(length: int, seed: int = 3) -> Ids:
    """Two texts; one token more than is read."""
    flat = random_ids(2 * (length + 1), seed)
    return np.array(flat, np.int32).reshape(2, -1)


def wide_loss(model: Model, ids: Ids) -> float:
    """The mean loss of float32 logits, in float64."""
    logits = np.asarray(model(mx.array(ids[:, :-1])), np.float64)
    highest = logits.max(-1, keepdims=True)
    whole = np.log(np.exp(logits - highest).sum(-1)) + highest[..., 0]
    chosen = np.take_along_axis(logits, ids[:, 1:, None], -1)[..., 0]
    return float((whole - chosen).mean())


def difference(model: Model, ids: Ids, ways: dict[str, Wide], step: float) -> float:
    """The slope of the loss along `ways`, by central differences."""
    own = dict(tree_flatten(model.parameters()))
    losses = []
    for sign in (1, -1):
        moved = {
            name: mx.array(
                (np.asarray(own[name], np.float64) + sign * step * way).astype(
                    np.float32
                )
            )
            for name, way in ways.items()
        }
        model.update(tree_unflatten(list((own | moved).items())))
        losses.append(wide_loss(model, ids))
    model.update(tree_unflatten(list(own.items())))
    return (losses[0] - losses[1]) / (2 * step)


def made(name: str, folder: Path, **overrides: object) -> Model:
    config = configuration(name, **overrides)
    return trained_form(config, checkpoint_tensors(config, seed=SEEDS[name]), folder)


def check(model: Model, ids: Ids, silent: tuple[str, ...]) -> None:
    """Along random ways in which each tensor's share of the slope is of one size.

    The tensors whose names hold one of `silent` have no part in the loss.
    """
    found = flat_gradients(model, mean_loss, ids)
    sizes = {name: float(np.linalg.norm(array)) for name, array in found.items()}
    assert np.isfinite(list(sizes.values())).all()
    without = {name for name, size in sizes.items() if size == 0}
    assert without == {name for name in sizes if any(part in name for part in silent)}
    rng = np.random.default_rng(5)
    used = sizes.keys() - without
    for _ in range(2):
        ways = {n: rng.standard_normal(found[n].shape) / sizes[n] for n in sorted(used)}
        wide, narrow = (difference(model, ids, ways, step) for step in STEPS)
        # What curves the loss falls out (Richardson's extrapolation).
        ratio = (STEPS[0] / STEPS[1]) ** 2
        expected = (ratio * narrow - wide) / (ratio - 1)
        slope = sum(float((found[name] * way).sum()) for name, way in ways.items())
        assert abs(slope - expected) <= MODEL_GRADIENT


@pytest.mark.parametrize("name", FEW_CONFIGURATIONS)
def test_every_flag(name: str, tmp_path: Path) -> None:
    check(made(name, tmp_path), ids_of(65), ("metacognition", ".b_proj."))


@pytest.mark.parametrize(
    "name", slow_after(1, ["released-ratios", "ungrouped-heads", "plain-gate"])
)
def test_the_delta_rule(name: str, tmp_path: Path) -> None:
    model = made(name, tmp_path)
    model.delta_rule = True
    check(model, ids_of(63), ("metacognition",))


@pytest.mark.parametrize("length", [1, 2, 65])
def test_test_time_training_has_gradients_of_its_own(
    length: int, tmp_path: Path
) -> None:
    """All of it that generation uses; off the diagonal of its first weights too."""
    model = made("ttt-rank-and-rate", tmp_path)
    ids = ids_of(length)
    before = flat_gradients(model, mean_loss, ids)
    model.ttt = True
    found = flat_gradients(model, mean_loss, ids)
    unused = {"q_proj", "k_proj", "v_proj", "reflection"}
    for name, array in found.items():
        assert np.isfinite(array).all()
        if "metacognition" in name:
            assert (before[name] == 0).all()
            # Of a first token nothing has been learnt.
            none = unused | ({"log_lr"} if length == 1 else set())
            assert array.any() == (not none & set(name.split("."))), name
    first = found["metacognition.ttt.W0"]
    assert (first - np.diag(np.diag(first))).any()
    rng = np.random.default_rng(2)
    for name, array in found.items():
        if "metacognition" in name and array.any():
            way = rng.standard_normal(array.shape)
            scale = float(np.linalg.norm(array))
            step = 1e-2 / float(np.linalg.norm(way))
            expected = difference(model, ids, {name: way}, step)
            slope = float((array * way).sum())
            assert abs(slope - expected) <= MODEL_GRADIENT * scale + 1e-6 / step, name


@pytest.mark.parametrize("ttt", [False, True])
def test_rows_of_a_batch_do_not_see_each_other(ttt: bool, tmp_path: Path) -> None:
    model = made("released-ratios", tmp_path)
    model.ttt = ttt
    ids = ids_of(65)
    together = flat_gradients(model, mean_loss, ids)
    alone = [flat_gradients(model, mean_loss, ids[row : row + 1]) for row in (0, 1)]
    for name, array in together.items():
        mean = (alone[0][name] + alone[1][name]) / 2
        assert max_difference(array, mean) <= SAME_GRADIENT * max(1, np.abs(mean).max())


@pytest.mark.parametrize("name", ["released-ratios", "plain-gate", "plain-fox"])
@pytest.mark.parametrize("delta_rule", [False, True])
def test_strong_gates_leave_gradients_finite(
    name: str, delta_rule: bool, tmp_path: Path
) -> None:
    """From e^-8 a token on, past two chunks and two blocks, where running sums' own
    exponentials overflow."""
    model = made(name, tmp_path, use_selective_activation=True)
    model.delta_rule = delta_rule
    for block in model.blocks:
        for field in ("gk_proj", "fgate_proj"):
            if field in block.attn and "bias" in block.attn[field]:
                gate = block.attn[field]
                gate.bias = mx.linspace(-130, -8, gate.bias.size)
        if "A_log" in block.attn:
            heads = block.attn.A_log.size
            block.attn.A_log = mx.log(mx.linspace(1, 16, heads))
            block.attn.dt_bias = mx.full((heads,), 8.0)
    found = flat_gradients(model, mean_loss, ids_of(257))
    assert all(np.isfinite(array).all() for array in found.values())
    assert found["tok_emb.weight"].any()


def test_checkpointing_gives_the_same_gradients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made("released-ratios", tmp_path, use_selective_activation=True)
    once = flat_gradients(model, mean_loss, ids_of(65))
    read, count = Block.__call__, []

    def checkpointed(block: Block, *inputs: object) -> object:
        count.append(block)
        return nn.utils.checkpoint(block, lambda *given: read(block, *given))(*inputs)

    # As mlx-lm's trainer does it: on the class of the layers.
    monkeypatch.setattr(Block, "__call__", checkpointed)
    again = flat_gradients(model, mean_loss, ids_of(65))
    assert len(count) == len(model.layers)
    assert all(max_difference(again[name], once[name]) == 0 for name in once)
