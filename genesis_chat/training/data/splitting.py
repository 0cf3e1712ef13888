"""Which samples are learnt from, and which only tell how well."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .sample import SPLITS, Chosen, Sample, Split

# One in so many of a file without splits is for validation, and one for the test.
PART = 10
MOST_HELD_OUT = 500


@dataclass(frozen=True)
class Splits:
    """Every sample once, in an order that depends on the seed and their content.

    `repeated` counts those that are there twice in a split, `shared` those of two
    splits. `divided` is whether some were held out here.
    """

    samples: dict[Split, Sequence[Sample]]
    repeated: int
    shared: int
    divided: bool


def split(read: Mapping[Split, Sequence[Sample]], seed: int) -> Splits:
    """Samples by what they are for, given those of each file.

    What is for the test is in no other split, and what is for validation is not learnt
    from. Where there is none for validation it is taken from what there is to learn
    from, and so is the test where there is none for either.
    """
    kept: dict[Split, list[int]] = {}
    seen: set[bytes] = set()
    repeated = shared = 0
    for name in reversed(SPLITS):
        found, twice, elsewhere = _distinct(read.get(name, ()), seen)
        seen |= found.keys()
        repeated, shared = repeated + twice, shared + elsewhere
        kept[name] = _ordered(found, seed)
    divided = "valid" not in read
    if divided:
        order = kept["train"]
        size = min(MOST_HELD_OUT, (len(order) + PART // 2) // PART)
        kept["valid"], kept["train"] = order[:size], order[size:]
        if "test" not in read:
            kept["test"], kept["train"] = kept["train"][:size], kept["train"][size:]
    samples: dict[Split, Sequence[Sample]] = {
        name: Chosen(read.get(name, read["train"]), kept[name]) for name in SPLITS
    }
    return Splits(samples, repeated, shared, divided)


def _distinct(
    samples: Sequence[Sample], seen: set[bytes]
) -> tuple[dict[bytes, int], int, int]:
    """Places by digest, and how many are here already or among those `seen`."""
    found: dict[bytes, int] = {}
    repeated = shared = 0
    for place, sample in enumerate(samples):
        digest = sample.digest
        if digest in seen:
            shared += 1
        elif digest not in found:
            found[digest] = place
        else:
            repeated += 1
            # Which of them stays must not depend on their order.
            if sample.canonical < samples[found[digest]].canonical:
                found[digest] = place
    return found, repeated, shared


def _ordered(found: Mapping[bytes, int], seed: int) -> list[int]:
    salt = str(seed).encode()
    order = sorted(found, key=lambda each: hashlib.sha256(salt + b" " + each).digest())
    return [found[each] for each in order]
