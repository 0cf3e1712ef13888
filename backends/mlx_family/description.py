"""What a model of another family is, without loading it."""

from pathlib import Path
from typing import Any

from ..contract import Description
from ..generation_config import read_sampling
from .files import context_length, read_family_config

LABELS = {
    "full_attention": "full attention",
    "sliding_attention": "sliding-window attention",
    "linear_attention": "linear attention",
}
LAYER_KEYS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")


def describe(directory: Path) -> Description:
    """From its configuration. Raises `ConfigError`."""
    config = read_family_config(directory)
    count = _layers(config)
    kinds: dict[str, int] = {}
    types = config.get("layer_types")
    if isinstance(types, list) and len(types) == count:
        for kind in types:
            kinds[str(kind)] = kinds.get(str(kind), 0) + 1
    elif count:
        kinds["layers"] = count
    sampling, warnings = read_sampling(directory)
    return Description(
        context_length(config), kinds, LABELS, config, sampling, warnings
    )


def _layers(config: dict[str, Any]) -> int:
    for part in (config, config.get("text_config")):
        if isinstance(part, dict):
            for key in LAYER_KEYS:
                if type(count := part.get(key)) is int and count > 0:
                    return int(count)
    return 0
