"""The files of a converted model, checked before a backend reads them."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from .args import ModelArgs
from .config_file import read_config
from .constants import QUANTIZATION_GROUP
from .errors import ConfigError, WeightsError
from .stand_ins import SNIFFED_BYTES, stand_in
from .weights import quantizable, tensor_shapes

MODEL_TYPE = "genesis"
STORED_DTYPES = ("F32", "F16", "BF16", "U32")
NOT_PARAMETERS = {"model_type", "quantization", "tokenizer"}


def read_args(directory: Path | str) -> ModelArgs:
    """A converted model's configuration, from its directory. Raises `ConfigError`."""
    config = _read_config(Path(directory))
    fields = {k: v for k, v in config.items() if k not in NOT_PARAMETERS}
    try:
        return ModelArgs.from_config(fields)
    except ConfigError as error:
        reason = f"it has unknown fields {', '.join(error.unknown)}."
        raise ConfigError(
            f"{Path(directory) / 'config.json'}: {reason if error.unknown else error}"
        ) from error


def read_quantization(directory: Path) -> dict[str, int] | None:
    quantization = _read_config(directory).get("quantization")
    known = [None, *({"bits": n, "group_size": QUANTIZATION_GROUP} for n in (4, 8))]
    if quantization not in known:
        raise ConfigError(
            f"{directory / 'config.json'}: quantization {quantization!r} is not "
            "supported; convert the model again with --quantize 4 or 8."
        )
    return quantization


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
    except FileNotFoundError as error:
        raise WeightsError(f"{path} is missing; convert the model again.") from error
    except (OSError, SafetensorError) as error:
        if clause := _stand_in_at(path):
            raise WeightsError(f"{path} {clause}.") from error
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(
            f"{path} cannot be read ({reason}); convert the model again."
        ) from error
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


def _stand_in_at(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return stand_in(file.read(SNIFFED_BYTES))
    except OSError:
        # The error that led here tells of it.
        return ""


def _stored_shapes(args: ModelArgs, quantization: Any) -> dict[str, tuple[int, ...]]:
    """Shapes in the file: a quantised matrix is packed and has scales and biases."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in tensor_shapes(args).items():
        if quantization and quantizable(name):
            rows, columns = shape
            prefix = name.removesuffix("weight")
            shapes[name] = (rows, columns * quantization["bits"] // 32)
            for part in ("scales", "biases"):
                shapes[prefix + part] = (rows, columns // quantization["group_size"])
        else:
            shapes[name] = shape
    return shapes


def _is_packed(name: str, shapes: dict[str, tuple[int, ...]]) -> bool:
    return f"{name.removesuffix('weight')}scales" in shapes and quantizable(name)
