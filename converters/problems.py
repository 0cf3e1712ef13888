"""What is wrong with tensors: each in a sentence, or many in one with what helps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .errors import shown

Kind = Literal["missing", "unknown", "shape", "transposed", "type", "value", "range"]

# More sentences than these nobody reads.
LISTED = 10
NAMED = 3

_WHAT: dict[Kind, str] = {
    "missing": "tensors are missing",
    "unknown": "tensors are not of this configuration",
    "shape": "tensors have other shapes than they should",
    "transposed": "tensors are transposed",
    "type": "tensors are of a type that is not read",
    "value": "tensors hold NaN or infinite values",
    "range": "tensors hold values too large for the dtype",
}
_ADVICE: dict[Kind, str] = {
    "missing": "The file may be one part of several, or only what was trained; pass "
    "the one that holds the whole model.",
    "unknown": "Pass --accept-unknown to leave them out.",
    "shape": "The configuration in the file's metadata is that of another size; pass "
    "the checkpoint as it was saved first.",
    "transposed": "Another program keeps matrices the other way round; pass the "
    "checkpoint as it was saved first.",
    "type": "Save the weights as float32, float16 or bfloat16; if another program "
    "quantised them, pass the model from before.",
    "value": "Compare the file's sha256 with where it comes from; if they agree, its "
    "training has failed, and an earlier checkpoint may do.",
    "range": "Use --dtype bfloat16 or float32.",
}
ADAPTER = (
    "It is an adapter, only what was trained beside a model; merge it into that model "
    "(PEFT: merge_and_unload) and pass the result."
)
OTHER_FAMILY = (
    "A model of another family needs no conversion: give its folder to genesis-chat -m."
)
_OTHER_NAMES = (
    "The names are those of another model, or another program gave them; pass a "
    "checkpoint that Genesis's own program has saved."
)


@dataclass(frozen=True)
class Problem:
    """One tensor's: a whole sentence, for when there are few."""

    kind: Kind
    tensor: str
    sentence: str


def sentences(problems: Sequence[Problem], advice: str | None = None) -> list[str]:
    """All of them one by one; many summed up by kind, with advice at the end.

    `advice` stands in place of that for Genesis's own checkpoints.
    """
    if len(problems) <= LISTED:
        return [problem.sentence for problem in problems]
    by_kind: dict[Kind, list[Problem]] = {}
    for problem in problems:
        by_kind.setdefault(problem.kind, []).append(problem)
    found = []
    for kind, group in by_kind.items():
        if len(group) <= NAMED:
            found += [problem.sentence for problem in group]
            continue
        names = ", ".join(shown(problem.tensor) for problem in group[:NAMED])
        found.append(f"{len(group):,} {_WHAT[kind]}: {names}, …")
    return [*found, advice or _advice(by_kind)]


def holds_adapter(names: Iterable[str]) -> bool:
    """Whether some tensors are those of an adapter beside or in place of a model."""
    return any(".lora_" in name for name in names)


def _advice(by_kind: Mapping[Kind, Sequence[Problem]]) -> str:
    counts = {kind: len(group) for kind, group in by_kind.items()}
    if holds_adapter(problem.tensor for problem in by_kind.get("unknown", ())):
        return ADAPTER
    if {"missing", "unknown"} <= counts.keys() and counts["unknown"] > NAMED:
        return _OTHER_NAMES
    return _ADVICE[max(counts, key=lambda kind: counts[kind])]
