"""The files of a converted model, checked before a backend reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ..config_file import read_config
from ..errors import ConfigError, WeightsError
from ..weights_damage import damaged
from .args import ModelArgs
from .tensor_shapes import quantizable, tensor_shapes

MODEL_TYPE = "genesis"
STORED_DTYPES = ("F32", "F16", "BF16", "U32")
# mlx-lm writes what is quantised twice, and may write ids that end a reply.
NOT_PARAMETERS = {
    *("model_type", "quantization", "tokenizer"),
    *("quantization_config", "eos_token_id"),
}
# MLX's affine quantisation.
BITS, GROUP_SIZES, MODE = (2, 3, 4, 5, 6, 8), (32, 64, 128), "affine"


def read_args(directory: Path | str) -> ModelArgs:
    """A converted model's configuration, from its directory. Raises `ConfigError`."""
    config = _read_config(Path(directory))
    try:
        return args_of(config)
    except ConfigError as error:
        reason = f"it has unknown fields {', '.join(error.unknown)}."
        raise ConfigError(
            f"{Path(directory) / 'config.json'}: {reason if error.unknown else error}"
        ) from error


def args_of(config: Mapping[str, Any]) -> ModelArgs:
    """The configuration in the content of a `config.json`. Raises `ConfigError`."""
    fields = {k: v for k, v in config.items() if k not in NOT_PARAMETERS}
    return ModelArgs.from_config(fields)


def read_quantization(directory: Path) -> dict[str, int] | None:
    """`bits` and `group_size` of the quantised matrices, None where none is.

    Raises `ConfigError` for another form than MLX's affine one, the same everywhere.
    """
    config = _read_config(directory)
    found = config.get("quantization")
    if found is None:
        return None
    known = isinstance(found, dict) and found.keys() <= {"bits", "group_size", "mode"}
    if (
        not known
        or found.get("bits") not in BITS
        or found.get("group_size") not in GROUP_SIZES
        or found.get("mode", MODE) != MODE
        or config.get("quantization_config", found) != found
    ):
        shown = repr(found)
        shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
        raise ConfigError(
            f"{directory / 'config.json'}: quantization {shown} is not "
            "supported; convert the model again with --quantize 4 or 8."
        )
    return {name: int(found[name]) for name in ("bits", "group_size")}


def _read_config(directory: Path) -> dict[str, Any]:
    config = read_config(directory)
    if config.get("model_type") != MODEL_TYPE:
        path = directory / "config.json"
        raise ConfigError(f"{path} does not describe a converted Genesis model.")
    return config


def check_weights_file(path: Path, args: ModelArgs, quantization: Any) -> None:
    """Read the header with the strict reader; MLX's own accepts damaged ones."""
    try:
        path.stat()
        with safe_open(str(path), framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            found = {
                n: (tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()
            }
    except (OSError, SafetensorError) as error:
        raise damaged(path, error, again="; convert the model again") from error
    expected = _stored_shapes(args, quantization)
    wrong = [
        name
        for name in sorted(expected.keys() | found.keys())
        if name not in expected
        or found.get(name, ((), ""))[0] != expected[name]
        or (found[name][1] == "U32") != _is_packed(name, expected)
        or found[name][1] not in STORED_DTYPES
    ]
    if wrong:
        raise WeightsError(
            f"{path} does not fit its config.json at {', '.join(wrong[:5])}"
            f"{' and more' if len(wrong) > 5 else ''}; convert the model again."
        )


def _stored_shapes(args: ModelArgs, quantization: Any) -> dict[str, tuple[int, ...]]:
    """Shapes in the file: a quantised matrix is packed and has scales and biases."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in tensor_shapes(args).items():
        if quantization and is_quantized(name, shape, quantization):
            rows, columns = shape
            prefix = name.removesuffix("weight")
            shapes[name] = (rows, columns * quantization["bits"] // 32)
            for part in ("scales", "biases"):
                shapes[prefix + part] = (rows, columns // quantization["group_size"])
        else:
            shapes[name] = shape
    return shapes


def is_quantized(
    name: str, shape: tuple[int, ...], quantization: Mapping[str, int]
) -> bool:
    """Whether a quantised model has the tensor so: its rows are whole groups."""
    return quantizable(name) and shape[-1] % quantization["group_size"] == 0


def _is_packed(name: str, shapes: dict[str, tuple[int, ...]]) -> bool:
    return f"{name.removesuffix('weight')}scales" in shapes and quantizable(name)
