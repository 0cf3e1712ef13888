"""One run of training and where it stands."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim

from .batches import Batches, similar
from .checkpoint import Progress
from .divergence import Divergence
from .example import Example
from .gradients import number, step_gradients, validation_loss
from .group import Group
from .losses import model_form
from .optimizer import make_optimizer
from .origin import origin
from .preparation import prepare
from .reports import Outcome, Reason, Report, StepReport, ValidationReport
from .saving import Saving
from .settings import TrainingSettings
from .tensors import trained

# MLX keeps the memory of arrays for others of the same size; texts differ in length.
LARGEST_CACHE = 1 << 30
ASTRAY = (
    "The loss {what} at step {step}: a lower learning rate, a longer warm-up or a "
    "smaller clip_norm may help."
)


class Run:
    """A model on its way through the steps; see `train` for the arguments."""

    def __init__(
        self,
        model: Any,
        training: Sequence[Example],
        validation: Sequence[Example],
        settings: TrainingSettings,
        saving: Saving,
        report: Callable[[Report], None],
        group: Group,
    ) -> None:
        self.model, self.settings, self.group = model, settings, group
        self.report, self.saving = report, saving
        mark = origin(model, training, validation)
        group.check_same(f"{settings.to_dict()} {mark}")
        prepare(model, settings)
        self.form = model_form(model)
        vocabulary = self.form.vocabulary
        self.batches = Batches(training, settings, vocabulary)
        places = range(len(validation))
        self.validation = similar(
            validation, places, settings, vocabulary, "Validation example"
        )
        self.optimizer: optim.Optimizer = make_optimizer(settings)
        self.optimizer.init(model.trainable_parameters())
        self.progress = Progress(settings, origin=mark)
        self.divergence = Divergence(settings.steps)

    def begin(self, resume: bool) -> None:
        """From the start, or from the newest checkpoint."""
        self.progress = self.saving.begin(
            self.model, self.optimizer, self.progress, resume
        )
        order = self.progress.order
        self.batches.epoch, self.batches.pool, self.batches.place = order
        for _, loss in self.progress.training_losses:
            self.divergence.see(loss)

    def steps(self, stop: Callable[[], bool]) -> Reason:
        """Go through the steps that are left; why they ended."""
        progress, settings = self.progress, self.settings
        while not self._impatient() and progress.step < settings.steps:
            wanted = self._step(stop)
            if wanted is None or self.divergence.certain:
                return "diverged"
            last = progress.step == settings.steps
            if self.validation and (
                last or progress.step % settings.validate_every == 0
            ):
                self._validate()
            # No step comes after the last one, in whose loss it would show.
            if last and not self._is_finite():
                return "diverged"
            if wanted and not last and not self._impatient():
                return "interrupted"
            # What may be astray does not take the place of what is not.
            if (
                progress.step % settings.save_every == 0
                and not self.divergence.suspected
            ):
                self.saving.save(self.model, self.optimizer, progress)
        return "early stop" if self._impatient() else "finished"

    def finish(self, reason: Reason) -> Outcome:
        """Keep what has to be kept, and give the model its best weights."""
        progress = self.progress
        if reason != "diverged":
            self.saving.save(self.model, self.optimizer, progress)
        if reason != "interrupted":
            self.saving.load_result(self.model)
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
            self._explanation() if reason == "diverged" else "",
        )

    def _step(self, stop: Callable[[], bool]) -> bool | None:
        """Go one step; whether to stop then, None if the loss is no number."""
        began, progress, settings = time.perf_counter(), self.progress, self.settings
        count = settings.gradient_accumulation
        batches = [self.batches.take() for _ in range(count)]
        self.model.train()
        part, gradients = step_gradients(
            self.model, self.form, batches, self.group, self._draw
        )
        limit = settings.clip_norm or math.inf
        gradients, norm = optim.clip_grad_norm(gradients, limit)
        loss, wanted = self.group.summed(number(part), stop())
        if not math.isfinite(loss + number(norm)):
            return None
        self.optimizer.update(self.model, gradients)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state)
        if mx.get_cache_memory() > LARGEST_CACHE:
            mx.clear_cache()
        seconds = time.perf_counter() - began
        tokens = sum(len(example) for batch in batches for example in batch)
        progress.step += 1
        progress.order = self.batches.epoch, self.batches.pool, self.batches.place
        progress.training_losses.append((progress.step, loss))
        progress.tokens += tokens
        progress.seconds += seconds
        self.divergence.see(loss)
        self.report(
            StepReport(
                progress.step,
                settings.steps,
                loss,
                number(self.optimizer.learning_rate),
                number(norm),
                tokens,
                tokens / seconds,
            )
        )
        return bool(wanted)

    def _draw(self, batch: int) -> None:
        """What is drawn for a batch depends on its place, not on what came before."""
        place = self.progress.step * self.settings.gradient_accumulation + batch
        place = place * self.group.size + self.group.rank
        mx.random.seed(self.settings.seed << 32 | place)

    def _validate(self) -> None:
        began, progress = time.perf_counter(), self.progress
        self.model.eval()
        loss = validation_loss(self.form, self.validation, self.group)
        progress.validation_losses.append((progress.step, loss))
        lowest = math.inf if progress.best_loss is None else progress.best_loss
        best = loss < lowest
        progress.stale = 0 if best else progress.stale + 1
        if best:
            self.saving.save_best(self.model, progress)
            progress.best_step, progress.best_loss = progress.step, loss
        progress.seconds += time.perf_counter() - began
        self.report(ValidationReport(progress.step, loss, best))

    def _is_finite(self) -> bool:
        """Whether the last step has left numbers, in the weights and what they give."""
        losses = [loss for _, loss in self.progress.validation_losses[-1:]]
        weights = trained(self.model).values()
        return all(map(math.isfinite, losses)) and all(
            mx.isfinite(each).all().item() for each in weights
        )

    def _impatient(self) -> bool:
        patience = self.settings.patience
        return patience is not None and self.progress.stale >= patience

    def _explanation(self) -> str:
        certain = self.divergence.certain
        over = self.progress.step == self.settings.steps
        step = self.progress.step + (0 if certain or over else 1)
        what = "has stayed far above its lowest" if certain else "is no number any more"
        return ASTRAY.format(what=what, step=step)
