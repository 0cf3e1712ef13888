"""Opening a converted model."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from safetensors import SafetensorError, safe_open

from .args import ModelArgs
from .device import DTYPES, Dtype, default_dtype, on_metal
from .errors import ConfigError, WeightsError
from .model import Model
from .self_check import ensure_kernels
from .weights import ALWAYS_FLOAT32, QUANTIZATION_GROUP, quantizable, tensor_shapes

STORED_DTYPES = ("F32", "F16", "BF16", "U32")
NOT_PARAMETERS = {"model_type", "quantization", "tokenizer"}


def load(
    directory: Path | str, *, dtype: Dtype | None = None, delta_rule: bool = False
) -> Model:
    """Load a converted model directory and evaluate its weights.

    Args:
        directory: holds `config.json` and `model.safetensors`.
        dtype: what to compute in; None chooses for the device: bfloat16 on Metal,
            float32 on a CPU, where MLX's half precision is slower.
        delta_rule: run gated linear attention by the gated delta rule.

    Raises:
        ConfigError: `config.json` is missing, damaged or cannot be run.
        WeightsError: the weights are missing, damaged or do not fit it.
        BackendError: GENESIS_CHAT_KERNELS=metal, and a kernel fails here.
    """
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
    directory = Path(directory)
    args = read_args(directory)
    quantization = _read_quantization(directory)
    path = directory / "model.safetensors"
    _check_file(path, args, quantization)
    weights = mx.load(str(path))
    assert isinstance(weights, dict)
    target = DTYPES[dtype or default_dtype()]
    model = Model(args, delta_rule=delta_rule)
    if quantization:
        nn.quantize(
            model,
            group_size=quantization["group_size"],
            bits=quantization["bits"],
            class_predicate=lambda name, _: quantizable(f"{name}.weight"),
        )
    model.load_weights([(k, _cast(k, v, target)) for k, v in weights.items()])
    del weights
    if not on_metal():
        _lay_out_for_cpu(model)
    mx.eval(model.parameters())
    model.eval()
    ensure_kernels(args, target, delta_rule)
    return model


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


def _read_quantization(directory: Path) -> dict[str, int] | None:
    quantization = _read_config(directory).get("quantization")
    known = [None, *({"bits": n, "group_size": QUANTIZATION_GROUP} for n in (4, 8))]
    if quantization not in known:
        raise ConfigError(
            f"{directory / 'config.json'}: quantization {quantization!r} is not "
            "supported; convert the model again with --quantize 4 or 8."
        )
    return quantization


def _read_config(directory: Path) -> dict[str, Any]:
    path = directory / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} is missing; convert the model with `genesis-chat models convert`."
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid JSON; convert the model again.") from (
            error
        )
    if not isinstance(config, dict) or config.get("model_type") != "genesis":
        raise ConfigError(f"{path} does not describe a converted Genesis model.")
    return config


def _check_file(path: Path, args: ModelArgs, quantization: Any) -> None:
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


def _cast(name: str, array: mx.array, dtype: mx.Dtype) -> mx.array:
    if not mx.issubdtype(array.dtype, mx.floating):
        return array
    return array.astype(mx.float32 if name.endswith(ALWAYS_FLOAT32) else dtype)


def _lay_out_for_cpu(model: Model) -> None:
    """Store float matrices input-major: the CPU's BLAS reads them twice as fast."""
    for name, layer in model.named_modules():
        if type(layer) in (nn.Linear, nn.Embedding) and quantizable(f"{name}.weight"):
            # Evaluated one by one, so that only one matrix is held twice.
            layer.weight = mx.contiguous(layer.weight.T).T
            mx.eval(layer.weight)
