"""What a Genesis model is, without loading it."""

from collections import Counter
from pathlib import Path

from ..contract import Description
from .constants import SAMPLING
from .model_files import read_args
from .switches import TTT

LABELS = {
    "gla": "gated linear attention",
    "fox": "forgetting attention",
    "attention": "gated softmax attention",
    TTT.name: TTT.label,
}


def describe(directory: Path) -> Description:
    """From its configuration. Raises `ConfigError`."""
    args = read_args(directory)
    layers: dict[str, int] = dict(Counter[str](args.layer_kinds))
    if args.use_ttt:
        layers[TTT.name] = 1
    return Description(args.block_size, layers, LABELS, args.to_config(), SAMPLING)
