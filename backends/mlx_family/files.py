"""What a model folder in mlx-lm's format holds, read without mlx-lm and without MLX."""

from pathlib import Path
from typing import Any

from ..config_file import read_config
from ..errors import ConfigError, WeightsError
from ..stored_weights import Fact, sizes_of, tensor_facts
from ..weights_index import indexed_files

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


def weight_sizes(directory: Path) -> tuple[int, int]:
    """Bytes of the weights as stored, and with float matrices in float32.

    Every header is checked by the strict reader; see `sizes_of`. Raises
    `WeightsError`, also where two files have a tensor and no index says which counts.
    """
    named = indexed_files(directory)
    places: dict[str, Path] = {}
    found: dict[str, Fact] = {}
    for path in _weight_files(directory, named or []):
        for name, fact in tensor_facts(path).items():
            other = places.setdefault(name, path)
            if other is not path and not named and not path.samefile(other):
                raise WeightsError(
                    f"{name} is both in {other.name} and in {path}, and mlx-lm would "
                    "take either; delete the file that does not belong there."
                )
            found.setdefault(name, fact)
    return sizes_of(found.values())


def _weight_files(directory: Path, named: list[str]) -> list[Path]:
    """The safetensors files that mlx-lm reads, all that an index names among them."""
    files = sorted(directory.glob("model*.safetensors"))
    missing = sorted({*named} - {path.name for path in files})
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
