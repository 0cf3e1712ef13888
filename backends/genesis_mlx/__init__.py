"""Genesis on MLX: the model, its operators, sampling and generation."""

from ..errors import (
    BackendError,
    CacheError,
    ConfigError,
    ContextError,
    NonFiniteLogitsError,
    TokenError,
    WeightsError,
)
from ..events import FinishReason, GeneratedToken, Prefilled, Readings
from ..genesis.args import ModelArgs
from ..genesis.constants import FOX_CONV_SIZE, QUANTIZATION_GROUP
from ..genesis.model_files import read_args
from ..genesis.tensor_shapes import ALWAYS_FLOAT32, quantizable, tensor_shapes
from ..mlx_base.blas import HAS_OPENBLAS  # before whatever imports MLX
from ..mlx_base.device import DTYPES, Dtype, device_facts
from ..mlx_base.self_check import KernelWarning
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .generate import generate, generate_with_progress
from .loader import load
from .model import Model
from .self_check import KernelCheck, check_kernels

__all__ = [
    "ALWAYS_FLOAT32",
    "DTYPES",
    "FOX_CONV_SIZE",
    "HAS_OPENBLAS",
    "QUANTIZATION_GROUP",
    "BackendError",
    "Cache",
    "CacheError",
    "ConfigError",
    "ContextError",
    "Dtype",
    "FinishReason",
    "GeneratedToken",
    "KernelCheck",
    "KernelWarning",
    "Model",
    "ModelArgs",
    "NonFiniteLogitsError",
    "Prefilled",
    "Readings",
    "SamplingSettings",
    "TokenError",
    "WeightsError",
    "check_kernels",
    "device_facts",
    "generate",
    "generate_with_progress",
    "load",
    "quantizable",
    "read_args",
    "tensor_shapes",
]
