"""A model folder in mlx-lm's format, loaded by mlx-lm."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import psutil

from ..errors import BackendError, ConfigError, WeightsError
from ..mlx_base.device import DTYPES, on_metal
from ..mlx_base.self_check import drawing_cases, ensure
from ..wrapped_names import plain_names
from . import library
from .files import context_length, read_family_config, weight_sizes
from .language_model import LanguageModel, arrays

# Of the memory that is free: more of it in float32 would crowd out everything else.
WIDE_SHARE = 0.6
LONGEST_DETAIL = 200
SLOW = (
    "There is no Metal here, so MLX runs {type} models on the processor, at a few "
    "tokens a second."
)
PACKED = (
    "The weights stay packed, since {wide:.1f} GB in float32 would not fit the free "
    "memory; this is slower still."
)


def load(
    directory: Path,
    dtype: str | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> LanguageModel:
    """Load a folder of config.json and safetensors, whatever family mlx-lm has.

    Nothing in the folder is run. On Metal a model computes in what it is stored in
    unless `dtype` says otherwise; elsewhere in float32, with packed weights unpacked
    where the memory allows, since MLX is far slower with other numbers there.

    Raises:
        ConfigError: config.json is missing, damaged, or of a model that mlx-lm's
            version here does not have.
        WeightsError: the weights are missing, damaged or do not fit.
        BackendError: the model does not run here; or GENESIS_CHAT_KERNELS=metal, and
            a kernel fails.
    """
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
    config = read_family_config(directory)
    kind = config["model_type"]
    _, wide = weight_sizes(directory)
    if not on_metal():
        report(SLOW.format(type=kind))
        # Compiling calls the system's C++ compiler, which may not be there.
        mx.disable_compile()
    network = read_network(directory, kind)
    if not on_metal() and not unpack(network, directory):
        report(PACKED.format(wide=wide / 1e9))
    _cast(network, _target(network, dtype))
    if not on_metal():
        _lay_out_for_cpu(network)
    mx.eval(network.parameters())
    width, computes_in = _tried(network, kind)
    ensure(drawing_cases(width), mx.float32, report)
    return LanguageModel(
        network,
        vocab_size=width,
        context=context_length(config),
        dtype=computes_in,
        identity=_identity(config, computes_in),
    )


def read_network(directory: Path, kind: str) -> Any:
    """mlx-lm's model in a folder, with weights as they are stored, not evaluated.

    Raises `ConfigError` and `WeightsError` as `load` does.
    """
    utils = library.loader()
    try:
        return _loaded(utils, directory)
    except (BackendError, KeyboardInterrupt):
        raise
    except ImportError as error:
        raise ConfigError(f"{kind} models need a package: {error}.") from error
    except SystemExit as error:
        # One family ends the program when its package is missing.
        raise ConfigError(f"{kind} models need a package that is missing.") from error
    except Exception as error:
        # Its model modules raise whatever a configuration leads them to.
        if str(error).startswith(f"Model type {kind} not supported"):
            raise ConfigError(
                f"mlx-lm {library.installed_version()} has no {kind} models."
            ) from error
        raise WeightsError(
            f"mlx-lm cannot load the {kind} model in {directory} ({_detail(error)}); "
            "its config.json and its weights do not fit, so get the model again."
        ) from error


def _loaded(utils: Any, directory: Path) -> Any:
    try:
        return utils.load_model(directory, lazy=True)[0]
    except ValueError:
        # Perhaps its names are those that a training tool has left. Whatever a family
        # raises of these, the first error tells more.
        with suppress(Exception):
            return utils.load_model(
                directory, lazy=True, get_model_classes=_with_plain_names
            )[0]
        raise


def _with_plain_names(config: dict[str, Any]) -> tuple[Any, Any]:
    """The classes of a model whose weights are called as training tools leave them."""
    kind, arguments = library.loader()._get_classes(config)

    def sanitize(network: Any, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        names = plain_names(weights)
        plain = {names[name]: array for name, array in weights.items()}
        own: Any = getattr(kind, "sanitize", None)
        return dict(own(network, plain)) if own else plain

    return type(kind.__name__, (kind,), {"sanitize": sanitize}), arguments


def unpack(network: Any, directory: Path) -> bool:
    """Make float32 of packed weights if the free memory allows; whether it does.

    `directory` is where the network is from. Raises `WeightsError`.
    """
    _, wide = weight_sizes(directory)
    if wide >= WIDE_SHARE * psutil.virtual_memory().available:
        return False
    # Unpacked in the dtype of their scales, all weights would be rounded to it.
    _cast(network, mx.float32)
    library.loader().dequantize_model(network)
    return True


def _target(network: Any, dtype: str | None) -> mx.Dtype | None:
    if dtype is not None:
        return DTYPES[dtype]
    return None if on_metal() else mx.float32


def _cast(network: Any, target: mx.Dtype | None) -> None:
    """Change the dtype of the floats that the family lets be changed."""
    if target is None:
        return
    allowed = getattr(network, "cast_predicate", lambda name: True)
    network.load_weights(
        [
            (name, array.astype(target))
            for name, array in arrays(network).items()
            if mx.issubdtype(array.dtype, mx.floating) and allowed(name)
        ],
        strict=False,
    )


def _lay_out_for_cpu(network: Any) -> None:
    """Store float matrices input-major: the CPU's BLAS reads them twice as fast."""
    for _, layer in network.named_modules():
        if type(layer) in (nn.Linear, nn.Embedding):
            # Evaluated one by one, so that only one matrix is held twice.
            layer.weight = mx.contiguous(layer.weight.T).T
            mx.eval(layer.weight)


def _tried(network: Any, kind: str) -> tuple[int, str]:
    """Width and dtype of the logits, which configurations do not tell reliably."""
    cache = library.module("models.cache").make_prompt_cache(network)
    try:
        logits = network(mx.array([[0]]), cache=cache)
        mx.eval(logits)
    except Exception as error:
        raise BackendError(
            f"{kind} models do not run here ({_detail(error)})."
        ) from error
    return logits.shape[-1], str(logits.dtype).rpartition(".")[2]


def _detail(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:LONGEST_DETAIL]}"


def _identity(config: dict[str, Any], dtype: str) -> str:
    text = json.dumps(config, sort_keys=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]} {dtype}"
