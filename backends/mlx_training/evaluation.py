"""What a model makes of examples that it is not trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .batches import similar
from .example import Example
from .gradients import validation_loss
from .group import Group
from .losses import model_form
from .settings import TrainingSettings
from .tensors import flat, save_tensors, trained


def mean_loss(
    model: Any, examples: Sequence[Example], settings: TrainingSettings
) -> float:
    """The mean loss over the targets of some examples, in nats, in all processes.

    Raises `TrainingError` for examples that do not fit the model or the settings.
    """
    model.eval()
    form = model_form(model)
    places = range(len(examples))
    batches = similar(examples, places, settings, form.vocabulary)
    return validation_loss(form, batches, Group())


def parameter_names(model: Any) -> list[str]:
    """The names of everything a model computes with."""
    return list(flat(model.parameters()))


def save_trained(model: Any, path: Path) -> None:
    """Write what was trained of a model, by name. Raises `OSError`."""
    save_tensors(path, trained(model))
