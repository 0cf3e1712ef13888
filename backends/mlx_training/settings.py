"""How to train."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import UnionType
from typing import Any, Literal, Self, get_args, get_type_hints

from ..errors import TrainingError

Method = Literal["lora", "dora", "full", "ttt"]
Schedule = Literal["cosine", "linear", "constant"]

# Lower bounds, and whether the bound itself is allowed.
_BOUNDS: dict[str, tuple[float, bool]] = {
    "rank": (1, True),
    "scale": (0, False),
    "dropout": (0, True),
    "layers": (1, True),
    "learning_rate": (0, False),
    "warmup_steps": (0, True),
    "steps": (1, True),
    "batch_size": (1, True),
    "batch_tokens": (2, True),
    "gradient_accumulation": (1, True),
    "weight_decay": (0, True),
    "clip_norm": (0, False),
    "seed": (0, True),
    "max_length": (2, True),
    "validate_every": (1, True),
    "patience": (1, True),
    "save_every": (1, True),
}
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that a run's result depends on beside the model and the examples.

    Attributes:
        method: `lora` and `dora` train an adapter, `full` the weights themselves,
            `ttt` test-time training's own parameters and nothing else.
        rank, scale, dropout: of the adapter, as mlx-lm has them.
        layers: how many of the last layers are trained, None for all; then `full`
            trains embeddings, norms and head too.
        learning_rate: the highest, after `warmup_steps`; `schedule` goes on from there
            to 0 at `steps`.
        batch_size: examples of one batch, on all machines together.
        batch_tokens: a batch has fewer examples where they would be more tokens,
            padding included; None for no such limit.
        gradient_accumulation: batches of one step.
        gradient_checkpointing: compute layers twice instead of keeping what they need.
        weight_decay: of matrices; vectors have none.
        clip_norm: the largest norm of a step's gradients, None for any.
        ttt: train with test-time training switched on, and its own parameters too.
        max_length: tokens of the longest example.
        validate_every, save_every: steps from one validation or checkpoint to the next.
        patience: stop after so many validations without a new best; None for never.

    Raises `TrainingError` for a value that cannot be.
    """

    method: Method = "lora"
    rank: int = 8
    scale: float = 20.0
    dropout: float = 0.0
    layers: int | None = None
    learning_rate: float = 1e-4
    warmup_steps: int = 0
    schedule: Schedule = "cosine"
    steps: int = 1000
    batch_size: int = 4
    batch_tokens: int | None = None
    gradient_accumulation: int = 1
    gradient_checkpointing: bool = False
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    seed: int = 0
    ttt: bool = False
    max_length: int = 2048
    validate_every: int = 100
    patience: int | None = None
    save_every: int = 100

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if not _is(value, kind):
                raise TrainingError(f"{name} must be {_words(kind)}, not {value!r}.")
            if name in _BOUNDS and value is not None:
                _check_bound(name, value)
        if self.dropout >= 1:
            raise TrainingError(f"dropout must be below 1, not {self.dropout:g}.")
        if self.seed > LARGEST_SEED:
            raise TrainingError(f"seed must be at most {LARGEST_SEED}.")
        if self.warmup_steps >= self.steps:
            raise TrainingError(
                f"warmup_steps must be fewer than the {self.steps} steps, not "
                f"{self.warmup_steps}."
            )

    def adapter(self) -> dict[str, float]:
        """What mlx-lm calls the parameters of LoRA."""
        return {"rank": self.rank, "scale": self.scale, "dropout": self.dropout}

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` gave; what is missing is the default."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise TrainingError(f"Unknown settings: {', '.join(sorted(unknown))}.")
        return cls(**values)


def _is(value: object, kind: Any) -> bool:
    if isinstance(kind, UnionType):
        return any(_is(value, each) for each in get_args(kind))
    if kind is float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return math.isfinite(value)
    if kind in (int, bool, type(None)):
        return type(value) is kind
    return value in get_args(kind)


def _words(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    if isinstance(kind, UnionType):
        first, _ = get_args(kind)
        return f"{names[first]} or none"
    return names.get(kind) or f"one of {', '.join(get_args(kind))}"


def _check_bound(name: str, value: float) -> None:
    bound, allowed = _BOUNDS[name]
    if value < bound or (value == bound and not allowed):
        words = "at least" if allowed else "more than"
        raise TrainingError(f"{name} must be {words} {bound:g}, not {value:g}.")
