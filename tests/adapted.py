"""Adapters with random weights, as a training would leave them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from converters.adapter_folder import write_adapter
from converters.training_record import (
    BaseRecord,
    DataRecord,
    Method,
    Scores,
    TrainingRecord,
)
from genesis_chat.models import InstalledModel, find, open_directory
from genesis_chat.models.folder import models_folder

SCALE, RANK = 2.0, 4
# What is changed of the built-in model's last block.
MODULES = ("blocks.7.attn.in_proj", "blocks.7.attn.o_proj", "blocks.7.ffn.down_proj")


def record(
    base: str, sha256: str, family: str = "genesis", method: Method = "lora"
) -> TrainingRecord:
    """A training of a base, with all that one has."""
    return TrainingRecord(
        method=method,
        base=BaseRecord(base, sha256, family),
        data=DataRecord("lights.jsonl", "ab" * 32, 500, 50, 100),
        settings={
            "rank": RANK,
            "scale": SCALE,
            "dropout": 0.0,
            "learning_rate": 1e-3,
            "layers": None,
            "ttt": False,
        },
        ending="early stop",
        steps=120,
        best_step=100,
        tokens=54321,
        seconds=75.0,
        training_losses=((1, 3.25), (60, 1.5), (120, 0.125)),
        validation_losses=((60, 1.75), (120, 0.25)),
        scores=Scores(100, 3, 97, 3.5, 0.125),
    )


def tensors_of(
    shapes: dict[str, tuple[int, int]], *, dora: bool = False, size: float = 1.0
) -> dict[str, NDArray[np.float32]]:
    """Random changes of matrices, whose [rows, columns] are given."""
    draw = np.random.default_rng(5)
    found = {}
    for module, (rows, columns) in shapes.items():
        a, b = draw.normal(size=(columns, RANK)), draw.normal(size=(RANK, rows))
        found[f"{module}.lora_a"] = (a / np.sqrt(columns)).astype(np.float32)
        found[f"{module}.lora_b"] = (size * b / RANK).astype(np.float32)
        if dora:
            found[f"{module}.m"] = draw.uniform(0.5, 1.5, rows).astype(np.float32)
    return found


def shapes_of(
    directory: Path, modules: Sequence[str] = MODULES
) -> dict[str, tuple[int, int]]:
    """The shapes of matrices in a model's directory, which is not quantised."""
    with safe_open(str(directory / "model.safetensors"), framework="numpy") as file:
        return {
            module: tuple(file.get_slice(f"{module}.weight").get_shape())
            for module in modules
        }


def install_adapter(
    base: InstalledModel, name: str = "lights", *, dora: bool = False
) -> InstalledModel:
    """Install an adapter of a Genesis model."""
    scratch = base.directory.parent.parent / "weights.safetensors"
    save_file(tensors_of(shapes_of(base.directory), dora=dora), scratch)
    assert base.sha256 and base.family
    method: Method = "dora" if dora else "lora"
    training = record(base.name, base.sha256, base.family, method)
    destination = models_folder() / name
    assert open_directory(destination).problem
    write_adapter(scratch, destination, training, layers=1, texts={})
    scratch.unlink()
    return find(name)
