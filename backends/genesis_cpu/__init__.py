"""Genesis in NumPy and Numba, for computers without Metal.

The names are those of `backends.genesis_mlx`, whose results define what these give;
ids and logits are NumPy arrays.
"""

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
from ..genesis.model_files import read_args
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .generate import generate, generate_with_progress
from .loader import device_facts, load
from .model import Model
from .weights import DTYPES, Dtype

__all__ = [
    "DTYPES",
    "BackendError",
    "Cache",
    "CacheError",
    "ConfigError",
    "ContextError",
    "Dtype",
    "FinishReason",
    "GeneratedToken",
    "Model",
    "ModelArgs",
    "NonFiniteLogitsError",
    "Prefilled",
    "Readings",
    "SamplingSettings",
    "TokenError",
    "WeightsError",
    "device_facts",
    "generate",
    "generate_with_progress",
    "load",
    "read_args",
]
