"""The loss of a batch is that of each target by itself."""

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx_decoders import configuration, oracle
from tolerances import TRAINING
from trainees import decoder, example, examples, genesis

from backends.mlx_training.batches import Batch
from backends.mlx_training.example import Example
from backends.mlx_training.losses import model_form, target_loss


def by_hand(model: Any, example: Example) -> float:
    """Minus the log probability of each target, from all logits, in float64."""
    logits = np.array(model(mx.array(example.ids[None]))[0]).astype(np.float64)
    highest = logits.max(axis=-1, keepdims=True)
    scores = logits - highest - np.log(np.exp(logits - highest).sum(-1, keepdims=True))
    places = np.flatnonzero(example.targets)
    return -float(scores[places - 1, example.ids[places]].sum())


@pytest.mark.parametrize("kind", ["decoder", "untied", "genesis"])
def test_of_a_padded_batch(kind: str, tmp_path: Any) -> None:
    """Lengths 2, 63, 65, 3, 17 and 30, side by side, and one target in the middle."""
    if kind == "genesis":
        model: Any = genesis()
    else:
        model = oracle(configuration("untied-head" if kind == "untied" else "llama"))
    batch = [*examples(6), example([5, 6, 7, 8], [3]), example([9, 1, 4], [1])]
    expected = sum(by_hand(model, each) for each in batch)
    found = float(target_loss(model_form(model), Batch.of(batch)))
    assert abs(found - expected) <= TRAINING * expected


def test_what_is_no_target_changes_nothing_before_it() -> None:
    model = decoder()
    form = model_form(model)
    one, other = ([5, 6, 7, last] for last in (8, 90))
    found = [
        float(target_loss(form, Batch.of([example(ids, [1, 2])])))
        for ids in (one, other)
    ]
    assert found[0] == found[1]


def test_the_head_sees_targets_only() -> None:
    """Its rows are what a small model spends its time on."""
    model = decoder()
    form = model_form(model)
    seen = []

    def head(x: mx.array) -> mx.array:
        seen.append(x.shape[0])
        return form.head(x)

    target_loss(type(form)(form.features, head, form.vocabulary), Batch.of(examples(3)))
    assert seen == [sum(int(each.targets.sum()) for each in examples(3))]


def test_logits_that_are_more_than_a_head_are_taken_whole() -> None:
    """Some families scale or cap them after the head."""
    model = decoder()

    class Capped(type(model)):  # type: ignore[misc]
        def __call__(self, *inputs: Any) -> mx.array:
            return mx.tanh(super().__call__(*inputs) / 3)

    model.__class__ = Capped
    batch = examples(3)
    expected = sum(by_hand(model, each) for each in batch)
    found = float(target_loss(model_form(model), Batch.of(batch)))
    assert abs(found - expected) <= TRAINING * expected
