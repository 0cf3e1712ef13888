"""A model of a given shape with random weights, for measuring speed."""

import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from .args import ModelArgs
from .tensor_shapes import Shape, tensor_shapes


def write_random_model(directory: Path, args: ModelArgs, seed: int = 0) -> None:
    """Write `config.json` and `model.safetensors` in float32 to a directory.

    Weights are drawn so that activations keep their size through all blocks. Raises
    `OSError`.
    """
    rng = np.random.default_rng(seed)
    tensors = {
        name: _drawn(name, shape, rng, args)
        for name, shape in tensor_shapes(args).items()
    }
    directory.mkdir(parents=True, exist_ok=True)
    save_file(tensors, directory / "model.safetensors")
    config = {"model_type": "genesis", **args.to_config()}
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")


def _drawn(
    name: str, shape: Shape, rng: np.random.Generator, args: ModelArgs
) -> NDArray[np.float32]:
    if name.endswith("A_log"):
        return np.log(np.linspace(0.5, 8, shape[0], dtype=np.float32))
    if name.endswith("dt_bias"):
        return np.linspace(-6, -2, shape[0], dtype=np.float32)
    if name.endswith("norm.weight"):
        return np.ones(shape, np.float32)
    values = rng.standard_normal(shape, dtype=np.float32)
    if name.endswith(("o_proj.weight", "down_proj.weight")):
        # Every block adds two such outputs to the same vector.
        values *= 1 / math.sqrt(shape[-1] * 2 * args.n_layer)
    elif len(shape) > 1:
        values *= 1 / math.sqrt(shape[-1])
    else:
        values *= 0.1
    return values
