"""What a run reads from its folder and writes there, in one process for all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import mlx.optimizers as optim
from filelock import FileLock, Timeout
from mlx.utils import tree_unflatten

from ..errors import TrainingError
from . import checkpoint
from .checkpoint import Progress
from .folders import has_checkpoint, remove_run
from .group import Group
from .reports import CheckpointReport
from .tensors import flat, set_weights, trained

LOCK = ".training.lock"


class Saving:
    """A run's folder, which no other run uses meanwhile; a context manager.

    Raises `TrainingError`, in all processes, for what cannot be read or written.
    """

    def __init__(
        self, folder: Path, group: Group, report: Callable[[CheckpointReport], None]
    ) -> None:
        self._folder, self._group, self._report = folder, group, report
        self._lock = FileLock(folder / LOCK)
        self._saved: int | None = None

    def __enter__(self) -> Self:
        self._in_first(self._take_lock, f"{self._folder} cannot be written to")
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def begin(
        self, model: Any, optimizer: optim.Optimizer, progress: Progress, resume: bool
    ) -> Progress:
        """Where the run stands at first; all processes get the same weights."""
        found = [progress]

        def read() -> None:
            settings, origin = progress.settings, str(progress.origin)
            if resume:
                found[0] = checkpoint.load_checkpoint(
                    self._folder, model, optimizer, settings, origin
                )
            elif has_checkpoint(self._folder):
                raise TrainingError(
                    f"{self._folder} holds a run; go on with it, or use another folder."
                )
            else:
                remove_run(self._folder)

        self._in_first(read, f"The run in {self._folder} cannot be read")
        self._same_weights(model)
        state = self._group.of_first(flat(optimizer.state))
        optimizer.state = tree_unflatten(list(state.items()))
        text = self._group.text_of_first(found[0].to_json())
        self._saved = found[0].step if resume else None
        return found[0] if self._group.is_first else Progress.from_json(text)

    def save(self, model: Any, optimizer: optim.Optimizer, progress: Progress) -> None:
        """Write a checkpoint, unless that step's is there."""
        if self._saved == progress.step:
            return

        def write() -> None:
            checkpoint.save_checkpoint(self._folder, model, optimizer, progress)

        self._in_first(write, self._unwritten(progress.step))
        self._saved = progress.step
        self._report(CheckpointReport(progress.step))

    def save_best(self, model: Any, progress: Progress) -> None:
        """Write the best weights."""

        def write() -> None:
            checkpoint.save_best(self._folder, model, progress.settings, progress.step)

        self._in_first(write, self._unwritten(progress.step))

    def load_result(self, model: Any) -> None:
        """Give a model what the run is to give."""

        def read() -> None:
            checkpoint.load_result(self._folder, model)

        self._in_first(read, f"The run in {self._folder} cannot be read")
        self._same_weights(model)

    def _same_weights(self, model: Any) -> None:
        if self._group.size > 1:
            set_weights(model, self._group.of_first(trained(model)))

    def _take_lock(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise TrainingError(
                f"Another training is using {self._folder}; wait for it, or use "
                "another folder."
            ) from error

    def _in_first(self, action: Callable[[], None], failing: str) -> None:
        problem = None
        if self._group.is_first:
            try:
                action()
            except TrainingError as error:
                problem = str(error)
            except OSError as error:
                problem = f"{failing} ({error.strerror or error})."
        self._group.check_all(problem)

    def _unwritten(self, step: int) -> str:
        before = "" if self._saved is None else f"; that of step {self._saved} stays"
        return (
            f"The checkpoint of step {step} cannot be written to {self._folder}{before}"
        )
