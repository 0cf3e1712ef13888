"""Which examples come when."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from trainees import VOCABULARY, example, examples, settings

from backends.mlx_training import Example, TrainingError, TrainingSettings
from backends.mlx_training.batches import Batch, Batches, similar

Order = list[list[int]]


def numbered(count: int, seed: int = 0) -> list[Example]:
    """Examples of many lengths whose second token is their number."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 30, count)
    return [
        example([0, *[n] * int(length - 1)], [1]) for n, length in enumerate(lengths)
    ]


def taken(chosen: TrainingSettings, count: int, of: Sequence[Example]) -> Order:
    batches = Batches(of, chosen, VOCABULARY)
    return [[int(each.ids[1]) for each in batches.take()] for _ in range(count)]


@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_an_epoch_has_every_example_once(batch_size: int) -> None:
    """Also where the last pool and the last batch are not full."""
    chosen = settings(batch_size=batch_size)
    batches = Batches(numbered(90), chosen, VOCABULARY)
    for epoch in range(3):
        seen: list[int] = []
        while batches.epoch == epoch:
            seen += [int(each.ids[1]) for each in batches.take()]
        assert sorted(seen) == list(range(90))


def test_epochs_and_seeds_differ_and_repeat() -> None:
    all_of = numbered(40)
    one = taken(settings(seed=1), 28, all_of)
    assert one == taken(settings(seed=1), 28, all_of)
    assert one[:14] != one[14:]
    assert one != taken(settings(seed=2), 28, all_of)


def test_one_may_go_on_anywhere() -> None:
    all_of, chosen = numbered(90), settings(batch_tokens=40)
    whole = Batches(all_of, chosen, VOCABULARY)
    for _ in range(150):
        other = Batches(all_of, chosen, VOCABULARY)
        other.epoch, other.pool, other.place = whole.epoch, whole.pool, whole.place
        expected = [each.ids.tolist() for each in whole.take()]
        assert [each.ids.tolist() for each in other.take()] == expected


def test_lengths_of_a_batch_are_similar() -> None:
    all_of = numbered(64)
    found = similar(all_of, range(64), settings(batch_size=4), VOCABULARY)
    for one, other in pairwise(found):
        assert max(map(len, one)) <= min(map(len, other))


def test_tokens_are_limited_with_padding() -> None:
    found = similar(numbered(64), range(64), settings(batch_tokens=50), VOCABULARY)
    assert sum(map(len, found)) == 64
    assert all(len(b) * max(map(len, b)) <= 50 or len(b) == 1 for b in found)
    assert any(len(b) > 1 for b in found)


def test_only_what_is_needed_is_fetched() -> None:
    """Examples may be made when they are asked for, out of very many."""
    asked: list[int] = []

    class Lazy(Sequence[Example]):
        def __len__(self) -> int:
            return 1_000_000

        def __getitem__(self, index: int) -> Example:  # type: ignore[override]
            asked.append(index)
            return example([0, 1], [1])

    batches = Batches(Lazy(), settings(batch_size=2), VOCABULARY)
    for _ in range(16):
        batches.take()
    assert len(asked) == len(set(asked)) == 32


def test_padding_is_no_target() -> None:
    batch = Batch.of(examples(3))
    assert batch.ids.shape == batch.targets.shape == (3, 65)
    assert batch.targets.sum() == sum(each.targets.sum() for each in examples(3))
    assert not batch.targets[0, 2:].any() and not batch.ids[0, 2:].any()


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([1] * 70, "Example 2 has 70 tokens, more than max_length, which is 66"),
        ([1, VOCABULARY], "Example 2 has token ids from 1 to 97, but the model's"),
        ([-1, 3], "Example 2 has token ids from -1 to 3"),
    ],
)
def test_unfit_examples_are_named(ids: list[int], words: str) -> None:
    both = [example([1, 2], [1]), example(ids, [1])]
    with pytest.raises(TrainingError, match=words):
        similar(both, range(2), settings(max_length=66), VOCABULARY)


def test_there_must_be_some() -> None:
    with pytest.raises(TrainingError, match="no examples"):
        Batches([], settings(), VOCABULARY)
