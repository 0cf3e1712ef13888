"""Weights before the first step, drawn as the reference's constructors draw them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
Drawn = NDArray[np.float64]

# Of the uniform distributions that gated linear attention's decays begin with.
DECAYS, STEPS = (0.5, 8.0), (1e-3, 0.1)
# Forget gates begin nearly open. The reference sets this too, and then zeroes it with
# all other biases, which leaves half of every earlier token at each step.
OPEN = 2.0
LAYER_SCALE = 1e-4


def initial_weights(config: Mapping[str, Any], seed: int) -> Weights:
    """Every parameter of a checkpoint with this configuration, by its name.

    Raises `ConfigError` for a configuration that cannot be run.
    """
    from backends.genesis.args import ModelArgs
    from converters.layout import source_shapes

    rng = np.random.default_rng(seed)
    shapes = source_shapes(ModelArgs.from_config(dict(config)))
    return {
        name: _drawn(name, shape, config, rng).astype(np.float32)
        for name, shape in shapes.items()
    }


def _drawn(
    name: str,
    shape: tuple[int, ...],
    config: Mapping[str, Any],
    rng: np.random.Generator,
) -> Drawn:
    if name.endswith("A_log"):
        return np.log(rng.uniform(*DECAYS, shape))
    if name.endswith("dt_bias"):
        low, high = map(math.log, STEPS)
        step: Drawn = np.exp(rng.uniform(low, high, shape))
        return step + np.log(-np.expm1(-step))
    if name.endswith("fgate_proj.bias"):
        return np.full(shape, OPEN)
    if name.endswith("log_lr"):
        return np.full(shape, math.log(config["ttt_inner_lr"]))
    if name.endswith("layer_scale.scale"):
        return np.full(shape, LAYER_SCALE)
    if name.endswith("ttt.W0"):
        return 0.1 * np.eye(shape[0])
    if name.endswith("ttt.A_init"):
        return 0.01 * rng.standard_normal(shape)
    if name.endswith(("ttt.B_init", "bias", "omega")):
        return np.zeros(shape)
    if ".conv.weight" in name:
        bound = 1 / math.sqrt(shape[-1])
        return rng.uniform(-bound, bound, shape)
    if len(shape) == 1:
        return np.ones(shape)
    if name.endswith("confidence.2.weight"):
        # What it reads is large after training: else it is sure, or sure of nothing,
        # for every token, and has no gradient that could change it. Drawn all the same,
        # since the weights of the model that is built in were drawn after these.
        return np.zeros_like(rng.standard_normal(shape))
    deviation: float = config["init_std"]
    if config["use_mup"] and not name.startswith(("tok_emb", "lm_head")):
        deviation /= math.sqrt(max(1, config["n_embd"] / config["mup_base_width"]))
    return deviation * rng.standard_normal(shape)
