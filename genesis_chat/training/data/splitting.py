"""Which samples are learnt from, and which only tell how well."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from .sample import SPLITS, Sample, Split

# One in so many of a file without splits is for validation, and one for the test.
PART = 10
MOST_HELD_OUT = 500


def split_of(samples: Sequence[Sample], seed: int) -> dict[Split, list[Sample]]:
    """Samples of one file in three parts, by their content alone, not their order."""
    salt = seed.to_bytes(8, "little")

    def place(sample: Sample) -> bytes:
        return hashlib.sha256(salt + sample.digest).digest()

    ordered = sorted(samples, key=place)
    count = min(MOST_HELD_OUT, len(samples) // PART)
    where: dict[bytes, Split] = {}
    for number, sample in enumerate(ordered[: 2 * count]):
        where[sample.digest] = "test" if number % 2 else "valid"
    found: dict[Split, list[Sample]] = {name: [] for name in SPLITS}
    for sample in samples:
        found[where.get(sample.digest, "train")].append(sample)
    return found


def without_repetitions(
    splits: Mapping[Split, Iterable[Sample]],
) -> tuple[dict[Split, list[Sample]], tuple[int, int]]:
    """The splits with every sample once, and how many were repeated or in two of them.

    What is for the test is in no other split, and what is for validation is not learnt
    from.
    """
    kept: dict[Split, list[Sample]] = {}
    repeated = shared = 0
    others: set[bytes] = set()
    for name in reversed(SPLITS):
        own: set[bytes] = set()
        kept[name] = []
        for sample in splits.get(name, ()):
            digest = sample.digest
            if digest in own:
                repeated += 1
            elif digest in others:
                shared += 1
            else:
                own.add(digest)
                kept[name].append(sample)
        others |= own
    return kept, (repeated, shared)
