"""What a model folder in mlx-lm's format holds, read without mlx-lm and without MLX."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from ..config_file import read_config
from ..errors import ConfigError, WeightsError
from ..stored_tensors import STORED
from ..text_files import LARGEST_JSON, TextFileError, read_text
from ..weights_damage import damaged

# Where configurations tell how many tokens a model was trained to read, by preference.
CONTEXT_KEYS = (
    "max_position_embeddings",
    "max_sequence_length",
    "max_seq_len",
    "seq_length",
    "n_positions",
    "n_ctx",
    "model_max_length",
    "block_size",
)
# For a model that does not tell, recurrent ones mostly.
UNKNOWN_CONTEXT = 8192


def read_family_config(directory: Path) -> dict[str, Any]:
    """A folder's config.json, which must name a type. Raises `ConfigError`."""
    path = directory / "config.json"
    config = read_config(directory)
    if not isinstance(config.get("model_type"), str):
        raise ConfigError(f"{path} does not name a model_type.")
    if config.get("model_file") is not None:
        raise ConfigError(
            f"{path} asks for code from the model's folder, which is never run."
        )
    return config


def context_length(config: dict[str, Any]) -> int:
    """Tokens a model can read, from its configuration or that of its text part."""
    for part in (config, config.get("text_config"), config.get("llm_config")):
        if isinstance(part, dict):
            for key in CONTEXT_KEYS:
                length = part.get(key)
                if type(length) is int and length > 0:
                    return length
    return UNKNOWN_CONTEXT


def weight_files(directory: Path) -> list[Path]:
    """The safetensors files that mlx-lm reads. Raises `WeightsError`.

    An index beside them tells when one is missing.
    """
    files = sorted(directory.glob("model*.safetensors"))
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        try:
            text = read_text(index, LARGEST_JSON, regular=True).text
            table = json.loads(text)["weight_map"]
            named = sorted({str(name) for name in table.values()})
        except (
            *(OSError, ValueError, KeyError, TypeError, AttributeError, TextFileError),
        ) as error:
            raise WeightsError(f"{index} is damaged; get the model again.") from error
        there = {path.name for path in files}
        missing = [name for name in named if name not in there]
        if missing:
            raise WeightsError(
                f"{directory} lacks {len(missing)} of {len(named)} files of weights, "
                f"such as {missing[0]}; get the model again."
            )
    if not files:
        raise WeightsError(
            f"{directory} has no model*.safetensors; get the model again."
        )
    return files


def weight_sizes(directory: Path) -> tuple[int, int]:
    """Bytes of the weights as stored, and with float matrices in float32.

    Every header is checked by the strict reader. Packed integers count eight times
    in the second figure: 4-bit weights in float32. Raises `WeightsError`.
    """
    stored = wide = 0
    places: dict[str, str] = {}
    for path in weight_files(directory):
        try:
            with safe_open(str(path), framework="numpy") as file:
                for name in file.keys():  # noqa: SIM118 - not a dict
                    if name in places:
                        raise WeightsError(
                            f"{name} is both in {places[name]} and in {path}; delete "
                            "the file that does not belong there."
                        )
                    places[name] = path.name
                    part = file.get_slice(name)
                    count = 1
                    for length in part.get_shape():
                        count *= length
                    kind = STORED.get(part.get_dtype(), np.float32)
                    size = count * np.dtype(kind).itemsize
                    stored += size
                    packed = part.get_dtype() == "U32"
                    wide += size * 8 if packed else count * 4
        except (OSError, SafetensorError) as error:
            raise damaged(path, error) from error
    return stored, wide
