"""What was trained of a model, in mlx-lm's own form."""

import json
from pathlib import Path
from typing import Any

from ..errors import TrainingError
from .folders import ADAPTERS
from .preparation import layer_count, prepare
from .settings import TrainingSettings
from .tensors import read_tensors, save_tensors, set_weights, trained

CONFIG = "adapter_config.json"


def save_adapter(model: Any, settings: TrainingSettings, folder: Path) -> None:
    """Write what is trained of a model into a folder that is there.

    mlx-lm's tools take it for `--adapter-path`, of the method `full` too. Test-time
    training's own parameters are among the others, which mlx-lm refuses beside an
    adapter: it has no such layer. Raises `OSError`.
    """
    save_tensors(folder / ADAPTERS, trained(model))
    has_adapter = settings.method in ("lora", "dora")
    config: dict[str, Any] = {
        "fine_tune_type": settings.method if has_adapter else "full",
        "num_layers": layer_count(model, settings),
    }
    if has_adapter:
        config["lora_parameters"] = settings.adapter()
    text = json.dumps(config, indent=1)
    (folder / CONFIG).write_text(f"{text}\n", encoding="utf-8")


def load_adapter(model: Any, settings: TrainingSettings, folder: Path) -> None:
    """Give a model, which has no adapter yet, what `save_adapter` wrote.

    Raises `TrainingError` when it is damaged or of another model.
    """
    if not (folder / ADAPTERS).is_file():
        raise TrainingError(f"There is no {ADAPTERS} in {folder}.")
    prepare(model, settings)
    set_weights(model, read_tensors(folder / ADAPTERS, trained(model)))
    model.eval()
