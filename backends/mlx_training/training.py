"""Training a model."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import mlx.core as mx

from ..mlx_base.device import on_metal
from ..mlx_base.freed_memory import keep_freed_memory
from .example import Example
from .group import Group
from .interruption import ctrl_c
from .recomputation import recomputed
from .reports import Outcome, Report
from .run import Run
from .saving import Saving
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

    Ctrl-C does what `stop` does; a second one ends it at once, and what came after the
    last checkpoint is lost. The result is in the folder, too: see `result_weights`.

    Args:
        model: from `open_trainee`; without adapters.
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
        TrainingError: there are no examples, or one does not fit the model or the
            settings; the settings do not fit the model; there is no checkpoint to
            resume, one of another run, or one where none is expected; a checkpoint
            cannot be written, and the one before stays.
    """
    members = Group(group)
    told = report if members.is_first else lambda _: None
    if not on_metal():
        # Compiling calls the system's C++ compiler, which may not be there.
        mx.disable_compile()
    keep_freed_memory()
    with ExitStack() as stack:
        saving = stack.enter_context(Saving(folder, members, told))
        pressed = stack.enter_context(ctrl_c())
        run = Run(model, training, validation, settings, saving, told, members)
        if settings.gradient_checkpointing:
            stack.enter_context(recomputed(model.layers))
        run.begin(resume)
        return run.finish(run.steps(lambda: pressed() or stop()))
