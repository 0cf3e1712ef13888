"""A run's state on the disk, whole or not at all."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.optimizers as optim
from mlx.utils import tree_unflatten

from ..errors import TrainingError
from .adapters import save_adapter
from .folders import (
    BEST,
    CHECKPOINT,
    WEIGHTS,
    new_folder,
    numbered,
    remove,
    remove_leftovers,
    result_weights,
    steps_of,
)
from .settings import TrainingSettings
from .tensors import flat, read_tensors, save_tensors, set_weights, trained

OPTIMIZER, PROGRESS = "optimizer.safetensors", "run.json"


@dataclass
class Progress:
    """Where a run stands, beside its weights and its optimizer.

    `order` is where the next batch stands, `stale` the number of validations since the
    best; `origin` tells the model and the examples from others.
    """

    settings: TrainingSettings
    step: int = 0
    order: tuple[int, int, int] = (0, 0, 0)
    best_step: int | None = None
    best_loss: float | None = None
    stale: int = 0
    training_losses: list[tuple[int, float]] = field(default_factory=list)
    validation_losses: list[tuple[int, float]] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0
    origin: str | None = None

    def to_json(self) -> str:
        """The text of `run.json`."""
        return json.dumps({**vars(self), "settings": self.settings.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> "Progress":
        """What `to_json` gave. Raises `KeyError`, `TypeError` or `ValueError`."""
        content = json.loads(text)
        settings = TrainingSettings.from_dict(content.pop("settings"))
        for name in ("training_losses", "validation_losses"):
            content[name] = [(int(step), float(loss)) for step, loss in content[name]]
        content["order"] = tuple(content["order"])
        return cls(settings, **content)


def save_checkpoint(
    folder: Path, model: Any, optimizer: optim.Optimizer, progress: Progress
) -> None:
    """Write a checkpoint in place of the one before. Raises `OSError`."""
    with new_folder(numbered(folder, CHECKPOINT, progress.step)) as made:
        save_tensors(made / WEIGHTS, trained(model))
        save_tensors(made / OPTIMIZER, flat(optimizer.state))
        (made / PROGRESS).write_text(progress.to_json(), encoding="utf-8")
    remove_leftovers(folder)
    for kind, kept in ((CHECKPOINT, progress.step), (BEST, progress.best_step)):
        for step in steps_of(folder, kind):
            if step != kept:
                remove(numbered(folder, kind, step))


def save_best(folder: Path, model: Any, settings: TrainingSettings, step: int) -> None:
    """Keep a model's trained weights as the best. Raises `OSError`."""
    with new_folder(numbered(folder, BEST, step)) as made:
        save_adapter(model, settings, made)


def load_result(folder: Path, model: Any) -> None:
    """Give a model what its run is to give: its best weights, or the last saved."""
    if path := result_weights(folder):
        set_weights(model, read_tensors(path))


def load_checkpoint(
    folder: Path,
    model: Any,
    optimizer: optim.Optimizer,
    settings: TrainingSettings,
    origin: str,
) -> Progress:
    """Go on from the newest checkpoint.

    Raises `TrainingError` when there is none, when it is damaged, and when it was made
    with other settings, of another model or of other examples.
    """
    remove_leftovers(folder)
    steps = steps_of(folder, CHECKPOINT)
    if not steps:
        raise TrainingError(f"There is no checkpoint in {folder} to go on from.")
    newest = numbered(folder, CHECKPOINT, steps[-1])
    try:
        text = (newest / PROGRESS).read_text(encoding="utf-8")
        progress = Progress.from_json(text)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{newest / PROGRESS} is damaged ({error}); begin anew."
        ) from error
    _check_settings(progress.settings, settings, newest)
    if progress.origin not in (None, origin):
        raise TrainingError(
            f"{newest} was made from another model or other examples than these; go on "
            "with the same ones, or begin anew."
        )
    set_weights(model, read_tensors(newest / WEIGHTS, trained(model)))
    state = read_tensors(newest / OPTIMIZER, flat(optimizer.state))
    optimizer.state = tree_unflatten(list(state.items()))
    return progress


def _check_settings(
    before: TrainingSettings, now: TrainingSettings, place: Path
) -> None:
    for name, value in before.to_dict().items():
        if value != (given := getattr(now, name)):
            raise TrainingError(
                f"{place} was made with {name} {value}, not {given}; go on with the "
                "same settings, or begin anew."
            )
