"""From a training that is over to what is installed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.training_record import (
    Ending,
    Scores,
    TrainingRecord,
    thinned,
)

from ..errors import ModelError
from ..models import InstalledModel, open_directory
from ..models.adapters import forget, fuse_into_folder, manifest_of
from ..models.folder import models_folder
from .run_folder import TRAINED, RunFolder

# Beside the weights, in a model's or an adapter's folder.
CURVES = "curves.svg"


@dataclass(frozen=True)
class Result:
    """How a training ended, as the process that did it told.

    `layers` is how many of the last blocks were changed; losses are of the test split.
    `explanation` says in a sentence why it diverged.
    """

    ending: Ending
    step: int
    best_step: int | None
    best_loss: float | None
    training_losses: tuple[tuple[int, float], ...]
    validation_losses: tuple[tuple[int, float], ...]
    tokens: int
    seconds: float
    layers: int = 0
    loss_before: float | None = None
    loss_after: float | None = None
    explanation: str = ""

    @classmethod
    def of(
        cls,
        outcome: Mapping[str, Any],
        loss_before: float | None,
        after: Mapping[str, Any] | None,
    ) -> "Result":
        """From the events of `TrainingProcess`."""
        curves = {
            name: tuple((int(step), float(loss)) for step, loss in outcome[name])
            for name in ("training_losses", "validation_losses")
        }
        return cls(
            ending=outcome["reason"],
            step=outcome["step"],
            best_step=outcome["best_step"],
            best_loss=outcome["best_loss"],
            tokens=outcome["tokens"],
            seconds=outcome["seconds"],
            layers=after["layers"] if after else 0,
            loss_before=_finite(loss_before),
            loss_after=_finite(after["loss"]) if after else None,
            explanation=outcome["explanation"],
            **curves,
        )


def _finite(loss: float | None) -> float | None:
    """A loss that a manifest can hold: JSON has no infinity."""
    return loss if loss is not None and math.isfinite(loss) else None


def record_of(
    folder: RunFolder, result: Result, scores: Scores | None = None
) -> TrainingRecord:
    """What is kept of a training with what came of it."""
    plan = folder.plan
    settings = plan.settings.to_dict()
    del settings["method"]
    return TrainingRecord(
        method=plan.settings.method,
        base=plan.base,
        data=plan.data,
        settings=settings,
        ending=result.ending,
        steps=result.step,
        best_step=result.best_step or result.step,
        tokens=result.tokens,
        seconds=round(result.seconds, 1),
        training_losses=thinned(result.training_losses),
        validation_losses=thinned(result.validation_losses),
        scores=scores,
    )


def install_result(
    folder: RunFolder,
    base: InstalledModel,
    record: TrainingRecord,
    layers: int,
    texts: Mapping[str, str],
    *,
    replace: bool = False,
) -> InstalledModel:
    """Install the adapter or the model, whole or not at all, in place of another.

    `texts` are files to be kept with it. Raises `ModelError`.
    """
    from converters import ConversionError
    from converters.adapter_folder import write_adapter

    name, weights = folder.plan.name, folder.path / TRAINED
    destination = models_folder() / name
    if record.method == "full":
        fuse_into_folder(
            base.directory,
            manifest_of(base),
            weights,
            destination,
            record,
            texts=texts,
            replace=replace,
        )
    else:
        try:
            write_adapter(
                weights,
                destination,
                record,
                layers=layers,
                texts=texts,
                replace=replace,
            )
        except ConversionError as error:
            raise ModelError(str(error)) from error
    # Of one that was replaced.
    forget(name)
    return open_directory(destination)


def with_scores(model: InstalledModel, record: TrainingRecord) -> None:
    """Write a record anew into the manifest of what is installed.

    Raises `ModelError`.
    """
    from dataclasses import replace

    from converters.manifest import MANIFEST

    from ..text_files import not_written, replace_text

    manifest = model.adapter or model.manifest
    assert manifest
    path: Path = model.directory / MANIFEST
    try:
        replace_text(path, replace(manifest, training=record).to_json())
    except OSError as error:
        raise ModelError(not_written(path, error)) from error
