"""What training tells while it runs, and at its end."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["finished", "early stop", "interrupted", "diverged"]


@dataclass(frozen=True)
class StepReport:
    """A step of `steps` is done; `step` counts from 1.

    `loss` is the mean over its targets before the update, in nats; `gradient_norm` is
    the norm before clipping; `tokens` were read, at `tokens_per_second`.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    tokens_per_second: float


@dataclass(frozen=True)
class ValidationReport:
    """The mean loss over all validation targets after `step` steps, in nats.

    `best` tells that it is the lowest so far.
    """

    step: int
    loss: float
    best: bool


@dataclass(frozen=True)
class CheckpointReport:
    """A checkpoint of `step` steps is on the disk."""

    step: int


Report = StepReport | ValidationReport | CheckpointReport


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Losses are pairs of step and loss, of the whole run with what was resumed, as are
    `tokens` and `seconds`. `best_step` and `best_loss` are None before the first
    validation. `explanation` says in a sentence why a run diverged.
    """

    reason: Reason
    step: int
    best_step: int | None
    best_loss: float | None
    training_losses: list[tuple[int, float]]
    validation_losses: list[tuple[int, float]]
    tokens: int
    seconds: float
    explanation: str = ""
