"""A run's state on the disk, whole or not at all."""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx.utils import tree_flatten, tree_unflatten

from ..errors import TrainingError
from .settings import TrainingSettings

CHECKPOINT, BEST = "checkpoint-", "best-"
WEIGHTS, OPTIMIZER, PROGRESS = (
    "weights.safetensors",
    "optimizer.safetensors",
    "run.json",
)


@dataclass
class Progress:
    """Where a run stands, beside its weights and its optimizer."""

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


def save_checkpoint(
    folder: Path, model: Any, optimizer: optim.Optimizer, progress: Progress
) -> None:
    """Write a checkpoint in place of the one before. Raises `OSError`."""
    content = {**vars(progress), "settings": progress.settings.to_dict()}
    files = {
        WEIGHTS: trained_weights(model),
        OPTIMIZER: _flat(optimizer.state),
    }
    name = f"{CHECKPOINT}{progress.step:08}"
    _write_folder(folder / name, files, {PROGRESS: json.dumps(content)})
    kept = {name, f"{BEST}{progress.best_step or 0:08}"}
    for old in [*_complete(folder, CHECKPOINT), *_complete(folder, BEST)]:
        if old.name not in kept:
            shutil.rmtree(old)


def save_best(folder: Path, model: Any, step: int) -> None:
    """Keep a model's trained weights as the best. Raises `OSError`."""
    _write_folder(folder / f"{BEST}{step:08}", {WEIGHTS: trained_weights(model)}, {})


def load_best(folder: Path, model: Any, step: int) -> None:
    """Give a model the best weights, which `save_best` wrote at that step."""
    _set_weights(model, _arrays(folder / f"{BEST}{step:08}" / WEIGHTS))


def load_checkpoint(
    folder: Path, model: Any, optimizer: optim.Optimizer, settings: TrainingSettings
) -> Progress:
    """Go on from the newest checkpoint. Raises `TrainingError`."""
    found = _complete(folder, CHECKPOINT)
    if not found:
        raise TrainingError(f"There is no checkpoint in {folder} to go on from.")
    newest = found[-1]
    content = json.loads((newest / PROGRESS).read_text(encoding="utf-8"))
    before = TrainingSettings.from_dict(content.pop("settings"))
    _check_same(before, settings, newest)
    _set_weights(model, _arrays(newest / WEIGHTS))
    optimizer.init(model.trainable_parameters())
    optimizer.state = tree_unflatten(list(_arrays(newest / OPTIMIZER).items()))
    for name in ("training_losses", "validation_losses"):
        content[name] = [(step, loss) for step, loss in content[name]]
    content["order"] = tuple(content["order"])
    return Progress(settings, **content)


def has_checkpoint(folder: Path) -> bool:
    """Whether there is one to go on from."""
    return bool(_complete(folder, CHECKPOINT))


def remove_checkpoints(folder: Path) -> None:
    """Delete a run's checkpoints, its best and what was being written."""
    for prefix in (CHECKPOINT, BEST, f".{CHECKPOINT}", f".{BEST}"):
        for old in folder.glob(f"{prefix}*"):
            shutil.rmtree(old)


def trained_weights(model: Any) -> dict[str, mx.array]:
    """What is trained of a model, by name."""
    return _flat(model.trainable_parameters())


def _check_same(before: TrainingSettings, now: TrainingSettings, place: Path) -> None:
    for name, value in before.to_dict().items():
        if value != (given := getattr(now, name)):
            raise TrainingError(
                f"{place} was made with {name} {value}, not {given}; go on with the "
                "same settings, or begin anew."
            )


def _set_weights(model: Any, weights: dict[str, mx.array]) -> None:
    model.load_weights(list(weights.items()), strict=False)
    mx.eval(model.parameters())


def _arrays(path: Path) -> dict[str, mx.array]:
    arrays = mx.load(str(path))
    assert isinstance(arrays, dict)
    return arrays


def _flat(tree: Any) -> dict[str, mx.array]:
    flat = tree_flatten(tree, destination={})
    assert isinstance(flat, dict)
    return flat


def _complete(folder: Path, prefix: str) -> list[Path]:
    return sorted(folder.glob(f"{prefix}*"))


def _write_folder(
    folder: Path, arrays: dict[str, dict[str, mx.array]], texts: dict[str, str]
) -> None:
    """A folder appears under its name when all in it is on the disk."""
    partial = folder.with_name(f".{folder.name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for name, tensors in arrays.items():
            mx.save_safetensors(str(partial / name), tensors)
        for name, text in texts.items():
            (partial / name).write_text(text, encoding="utf-8")
        for path in (*partial.iterdir(), partial):
            _sync(path)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
