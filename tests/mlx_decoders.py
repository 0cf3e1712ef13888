"""Small random decoders made by mlx-lm's own classes: the oracle of the CPU backend."""

import importlib
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten, tree_map_with_path
from numpy.typing import NDArray

needs_mlx_lm = pytest.mark.skipif(
    importlib.util.find_spec("mlx_lm") is None,
    reason="mlx-lm, the oracle of ordinary decoders, is not installed",
)
VOCABULARY = 97
SMALL = {
    "model_type": "llama",
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "intermediate_size": 80,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 1024,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": True,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
MIXED = ["full_attention", "sliding_attention"] * 2
# What each model type and flag changes in `SMALL`.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "llama": {},
    "untied-head": {"tie_word_embeddings": False},
    "attention-biases": {"attention_bias": True},
    "all-biases": {"attention_bias": True, "mlp_bias": True},
    "wide-heads": {"head_dim": 32},
    "narrow-heads": {"head_dim": 6},
    "one-key-head": {"num_key_value_heads": 1},
    "ungrouped-heads": {"num_key_value_heads": 4},
    "three-heads-share": {"num_attention_heads": 6, "num_key_value_heads": 2},
    "large-epsilon": {"rms_norm_eps": 1e-2},
    "large-base": {"rope_theta": 1e6},
    "no-scaling": {"rope_scaling": {"rope_type": "default"}},
    "linear-scaling": {"rope_scaling": {"type": "linear", "factor": 4.0}},
    "llama3-scaling": {"rope_scaling": LLAMA3, "head_dim": 32},
    "windows": {"layer_types": MIXED, "sliding_window": 7},
    "one-token-window": {"layer_types": MIXED, "sliding_window": 1},
    "mistral": {"model_type": "mistral"},
    "qwen2": {"model_type": "qwen2"},
    "qwen3": {"model_type": "qwen3", "head_dim": 16},
    "qwen3-untied": {
        "model_type": "qwen3",
        "head_dim": 32,
        "tie_word_embeddings": False,
    },
    "smollm3": {"model_type": "smollm3"},
    "smollm3-listed": {"model_type": "smollm3", "no_rope_layers": [0, 1, 1, 0]},
}


def configuration(name: str = "llama", **overrides: Any) -> dict[str, Any]:
    """A named configuration."""
    return {**SMALL, **CONFIGURATIONS[name], **overrides}


def oracle(config: Mapping[str, Any], seed: int = 0) -> Any:
    """mlx-lm's model of a configuration with random weights, in float32."""
    module = _module(config["model_type"])
    model = module.Model(module.ModelArgs.from_dict(dict(config)))
    draw_weights(model, seed)
    return model


def draw_weights(model: nn.Module, seed: int) -> None:
    """Random weights of a size that logits of every length stay near 5."""
    rng = np.random.default_rng(seed)

    def drawn(name: str, array: mx.array) -> mx.array:
        values = rng.standard_normal(array.shape, np.float32)
        if name.endswith("norm.weight"):
            return mx.array(1 + 0.2 * values)
        scale = 1.5 / array.shape[-1] ** 0.5 if array.ndim > 1 else 0.3
        return mx.array(scale * values)

    model.update(tree_map_with_path(drawn, model.parameters()))


def logits(model: Any, ids: Sequence[int]) -> NDArray[np.float32]:
    """Its logits [L, V]."""
    return np.array(model(mx.array([list(ids)]))[0].astype(mx.float32))


def write(
    folder: Path,
    config: Mapping[str, Any],
    model: nn.Module,
    dtype: mx.Dtype | None = None,
    shards: int = 1,
) -> Path:
    """Write a model as Hugging Face and MLX do, in one file or several."""
    folder.mkdir(parents=True, exist_ok=True)
    flat: Any = tree_flatten(model.parameters())
    tensors = {
        name: array.astype(dtype) if dtype and array.dtype == mx.float32 else array
        for name, array in flat
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if shards == 1:
        mx.save_safetensors(str(folder / "model.safetensors"), tensors)
        return folder
    places: dict[str, Any] = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in list(tensors)[number::shards]}
        mx.save_safetensors(str(folder / file), part)
        places |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(
        json.dumps(index), encoding="utf-8"
    )
    return folder


def _module(model_type: str) -> ModuleType:
    """mlx-lm's module for a type of model, without all that the package imports."""
    name = {"mistral": "llama"}.get(model_type, model_type)
    held = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "mlx_lm"}
    try:
        if "mlx_lm" not in held:
            spec = importlib.util.find_spec("mlx_lm")
            assert spec and spec.submodule_search_locations
            package = ModuleType("mlx_lm")
            package.__path__ = list(spec.submodule_search_locations)
            sys.modules["mlx_lm"] = package
        return importlib.import_module(f"mlx_lm.models.{name}")
    finally:
        # Whoever imports mlx-lm after this gets the whole of it.
        for each in [n for n in sys.modules if n.partition(".")[0] == "mlx_lm"]:
            del sys.modules[each]
        sys.modules.update(held)
