"""Named arrays: of a model, of an optimizer, in files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from ..errors import TrainingError


def flat(tree: Any) -> dict[str, mx.array]:
    """The arrays of a tree by name."""
    arrays = tree_flatten(tree, destination={})
    assert isinstance(arrays, dict)
    return arrays


def trained(model: Any) -> dict[str, mx.array]:
    """What is trained of a model, by name."""
    return flat(model.trainable_parameters())


def set_weights(model: Any, weights: Mapping[str, mx.array]) -> None:
    """Give a model some of its weights."""
    model.load_weights(list(weights.items()), strict=False)
    mx.eval(model.parameters())


def save_tensors(path: Path, arrays: dict[str, mx.array]) -> None:
    """Write a file. Raises `OSError`."""
    # By its name MLX would write it too, but not say why that fails.
    with path.open("wb") as file:
        mx.save_safetensors(file, arrays)


def read_tensors(
    path: Path, expected: Mapping[str, mx.array] | None = None
) -> dict[str, mx.array]:
    """Read a file, which has the names and shapes of `expected` if that is given.

    Raises `TrainingError`.
    """
    try:
        arrays = mx.load(str(path))
        assert isinstance(arrays, dict)
        # MLX reads when a value is needed, and the file may be gone by then.
        mx.eval(arrays)
    except (OSError, RuntimeError) as error:
        raise TrainingError(f"{path} is damaged ({error}); begin anew.") from error
    if expected is not None:
        found = {name: array.shape for name, array in arrays.items()}
        if found != {name: array.shape for name, array in expected.items()}:
            raise TrainingError(
                f"{path} holds other tensors than those that are trained of this "
                "model; go on with the same model, or begin anew."
            )
    return arrays
