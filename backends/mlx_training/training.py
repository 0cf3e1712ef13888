"""The loop of training."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..mlx_base import HAS_OPENBLAS as HAS_OPENBLAS  # before MLX
from .example import Example
from .reports import Outcome, Report
from .run import Run
from .settings import TrainingSettings


def never() -> bool:
    """Do not stop."""
    return False


def train(
    model: Any,
    training: Sequence[Example],
    validation: Sequence[Example],
    settings: TrainingSettings,
    folder: Path,
    report: Callable[[Report], None],
    *,
    resume: bool = False,
    stop: Callable[[], bool] = never,
    group: Any = None,
) -> Outcome:
    """Train a model, which then has the best weights, or the last without validation.

    Args:
        model: one of mlx-lm's, or Genesis as mlx-lm has it (`genesis_mlx.plugin`).
        training: the examples; fetched by index when they are needed.
        validation: may be empty.
        settings: how.
        folder: where checkpoints and the best weights are kept.
        report: called in this thread after each step, validation and checkpoint.
        resume: go on from the checkpoint in `folder`, to the same result as if there
            had been no break.
        stop: asked after each step; a checkpoint is kept then, and the model has the
            last weights.
        group: processes that share the work (`mx.distributed`); None for what this
            process was started in. Only the first one reports and writes.

    Raises:
        TrainingError: no examples, one that is too long, or no checkpoint to resume.
        OSError: a checkpoint cannot be written; the one before stays.
    """
    run = Run(model, training, validation, settings, folder, report, group)
    run.begin(resume)
    return run.finish(run.steps(stop))
