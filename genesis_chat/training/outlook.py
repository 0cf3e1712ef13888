"""How much memory and time a training will take, before it begins."""

import math
from collections.abc import Sequence
from pathlib import Path

from backends.mlx_training import Example, TrainingSettings
from backends.registry import has_metal
from converters.adapted_tensors import read_tensors
from converters.whole_folder import is_weights

from ..errors import UsageError
from .data import Estimate, estimate
from .data.estimate import Model

FLOAT = 4
# Multiplications and additions of a weight with a token, forwards and backwards.
PER_WEIGHT = 6
# What a processor was seen to do of them in a second, with either BLAS: the built-in
# model trained at about 130 and 890 tokens a second.
SLOW, FAST = 3.4e9, 23e9


def estimate_of(
    directory: Path, settings: TrainingSettings, examples: Sequence[Example]
) -> Estimate:
    """The estimate for a model's directory and what it is trained on.

    On Metal nobody has measured the speed, so that no time is told. Raises
    `UsageError` for more layers than it has, `ConversionError` for damaged files.
    """
    files = sorted(p for p in directory.iterdir() if is_weights(p.name))
    shapes = {name: tensor.values.shape for name, tensor in read_tensors(files).items()}
    matrices = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    blocks = {name: number for name in matrices if (number := _block(name)) is not None}
    layers = len(set(blocks.values()))
    if settings.layers is not None and settings.layers > layers:
        raise UsageError(
            f"--layers must be at most {layers}, which is how many the model has."
        )
    parameters = sum(math.prod(shape) for shape in shapes.values())
    width = max((min(shapes[name]) for name in blocks), default=1)
    vocabulary = max((shape[0] for shape in matrices.values()), default=1)
    first = layers - (settings.layers or layers)
    adapted = [
        shapes[name]
        for name, number in blocks.items()
        if number >= first and name.endswith(".weight")
    ]
    trained = (
        parameters
        if settings.method == "full"
        else sum(settings.rank * sum(shape) for shape in adapted)
    )
    lengths = sorted((len(each) for each in examples), reverse=True)
    largest = lengths[0] * min(settings.batch_size, len(lengths))
    step = settings.batch_size * settings.gradient_accumulation
    found = estimate(
        Model(parameters, parameters * FLOAT, layers, width, vocabulary),
        "full" if settings.method == "full" else "lora",
        trained,
        largest,
        settings.steps,
        checkpointing=settings.gradient_checkpointing,
    )
    tokens = round(sum(lengths) / len(lengths) * step * settings.steps)
    return Estimate(found.memory_bytes, tokens, _seconds(tokens, parameters))


def _seconds(tokens: int, parameters: int) -> float | None:
    if has_metal():
        return None
    from backends.mlx_base.blas import blas_advice

    speed = SLOW if blas_advice() else FAST
    return tokens * parameters * PER_WEIGHT / speed


def _block(name: str) -> int | None:
    """The number of the block that a tensor is of, if it is of one."""
    return next((int(part) for part in name.split(".") if part.isdigit()), None)
