"""Opening a converted model."""

from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn

from ..errors import ConfigError
from ..genesis.model_files import check_weights_file, read_args, read_quantization
from ..genesis.tensor_shapes import ALWAYS_FLOAT32, quantizable
from ..mlx_base.device import DTYPES, default_dtype, on_metal
from ..mlx_base.self_check import warn
from .model import Model
from .self_check import ensure_kernels


def load(
    directory: Path | str,
    *,
    dtype: str | None = None,
    delta_rule: bool = False,
    report: Callable[[str], None] = warn,
) -> Model:
    """Load a converted model directory and evaluate its weights.

    Args:
        directory: holds `config.json` and `model.safetensors`.
        dtype: what to compute in; None chooses for the device: bfloat16 on Metal,
            float32 on a CPU, where MLX's half precision is slower.
        delta_rule: run gated linear attention by the gated delta rule.
        report: told, in a sentence each, of Metal kernels that fail here and that MLX
            operations replace; by default a `KernelWarning`.

    Raises:
        ConfigError: `config.json` is missing, damaged or cannot be run.
        WeightsError: the weights are missing, damaged or do not fit it.
        BackendError: GENESIS_CHAT_KERNELS=metal, and a kernel fails here.
    """
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
    directory = Path(directory)
    args = read_args(directory)
    quantization = read_quantization(directory)
    path = directory / "model.safetensors"
    check_weights_file(path, args, quantization)
    weights = mx.load(str(path))
    assert isinstance(weights, dict)
    target = DTYPES[dtype or default_dtype()]
    model = Model(args, delta_rule=delta_rule)
    if quantization:
        packed = {n.removesuffix(".scales") for n in weights if n.endswith(".scales")}
        nn.quantize(
            model,
            group_size=quantization["group_size"],
            bits=quantization["bits"],
            class_predicate=lambda name, _: name in packed,
        )
    model.load_weights([(k, _cast(k, v, target)) for k, v in weights.items()])
    del weights
    if not on_metal():
        _lay_out_for_cpu(model)
    mx.eval(model.parameters())
    model.eval()
    ensure_kernels(args, target, delta_rule, report)
    return model


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
