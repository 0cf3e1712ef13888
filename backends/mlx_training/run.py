"""One run of training and where it stands."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim

from . import checkpoint
from .batches import Batches, similar
from .checkpoint import Progress
from .example import Example
from .gradients import number, step_gradients, summed, validation_loss
from .optimizer import make_optimizer
from .preparation import prepare
from .reports import (
    CheckpointReport,
    Outcome,
    Reason,
    Report,
    StepReport,
    ValidationReport,
)
from .settings import TrainingSettings


class Run:
    """A model on its way through the steps; see `train` for the arguments."""

    def __init__(
        self,
        model: Any,
        training: Sequence[Example],
        validation: Sequence[Example],
        settings: TrainingSettings,
        folder: Path,
        report: Callable[[Report], None],
        group: Any = None,
    ) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.group = mx.distributed.init() if group is None else group
        self.first = self.group.rank() == 0
        self.report = report if self.first else lambda _: None
        self.batches = Batches(training, settings)
        self.validation = similar(validation, range(len(validation)), settings)
        self.optimizer: optim.Optimizer = make_optimizer(settings)
        self.progress = Progress(settings)
        self._saved_step: int | None = None

    def begin(self, resume: bool) -> None:
        """Choose what is trained, and go on from a checkpoint if that is wanted."""
        prepare(self.model, self.settings)
        self.optimizer.init(self.model.trainable_parameters())
        if resume:
            self.progress = checkpoint.load_checkpoint(
                self.folder, self.model, self.optimizer, self.settings
            )
            self._saved_step = self.progress.step
            order = self.progress.order
            self.batches.epoch, self.batches.pool, self.batches.place = order
        elif self.first:
            checkpoint.remove_checkpoints(self.folder)

    def steps(self, stop: Callable[[], bool]) -> Reason:
        """Go through the steps that are left; why they ended."""
        progress, settings = self.progress, self.settings
        if self._impatient():
            return "early stop"
        while progress.step < settings.steps:
            stopped = self._step(stop)
            if stopped == "diverged":
                return "diverged"
            last = progress.step == settings.steps
            if self.validation and (
                last or progress.step % settings.validate_every == 0
            ):
                self._validate()
            if self._impatient():
                return "early stop"
            if stopped == "interrupted" and not last:
                return "interrupted"
            if progress.step % settings.save_every == 0:
                self._save()
        return "finished"

    def finish(self, reason: Reason) -> Outcome:
        """Keep what has to be kept, and give the model its best weights."""
        progress = self.progress
        if reason != "diverged" and self._saved_step != progress.step:
            self._save()
        if reason != "interrupted" and progress.best_step is not None:
            checkpoint.load_best(self.folder, self.model, progress.best_step)
        self.model.eval()
        return Outcome(
            reason,
            progress.step,
            progress.best_step,
            progress.best_loss,
            progress.training_losses,
            progress.validation_losses,
            progress.tokens,
            progress.seconds,
        )

    def _step(self, stop: Callable[[], bool]) -> Reason | None:
        began, progress, settings = time.perf_counter(), self.progress, self.settings
        count = settings.gradient_accumulation
        batches = [self.batches.take() for _ in range(count)]
        # What is drawn in a step depends on its number, not on what came before.
        place = progress.step * self.group.size() + self.group.rank()
        mx.random.seed(settings.seed << 32 | place)
        self.model.train()
        part, gradients = step_gradients(self.model, batches, self.group)
        limit = settings.clip_norm or math.inf
        gradients, norm = optim.clip_grad_norm(gradients, limit)
        loss, wanted = summed([number(part), float(stop())], self.group)
        if not math.isfinite(loss) or not math.isfinite(number(norm)):
            return "diverged"
        self.optimizer.update(self.model, gradients)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state)
        seconds = time.perf_counter() - began
        tokens = sum(len(example) for batch in batches for example in batch)
        progress.step += 1
        progress.order = self.batches.epoch, self.batches.pool, self.batches.place
        progress.training_losses.append((progress.step, loss))
        progress.tokens += tokens
        progress.seconds += seconds
        rate = number(self.optimizer.learning_rate)
        self.report(
            StepReport(
                progress.step,
                settings.steps,
                loss,
                rate,
                number(norm),
                tokens,
                tokens / seconds,
            )
        )
        return "interrupted" if wanted else None

    def _validate(self) -> None:
        began, progress = time.perf_counter(), self.progress
        self.model.eval()
        loss = validation_loss(self.model, self.validation, self.group)
        progress.validation_losses.append((progress.step, loss))
        best = progress.best_loss is None or loss < progress.best_loss
        progress.stale = 0 if best else progress.stale + 1
        if best:
            if self.first:
                checkpoint.save_best(self.folder, self.model, progress.step)
            progress.best_step, progress.best_loss = progress.step, loss
        progress.seconds += time.perf_counter() - began
        self.report(ValidationReport(progress.step, loss, best))

    def _impatient(self) -> bool:
        patience = self.settings.patience
        return patience is not None and self.progress.stale >= patience

    def _save(self) -> None:
        if self.first:
            checkpoint.save_checkpoint(
                self.folder, self.model, self.optimizer, self.progress
            )
        self._saved_step = self.progress.step
        self.report(CheckpointReport(self.progress.step))
