"""What every backend on MLX shares: BLAS, the device, kernels, sampling."""

from .blas import HAS_OPENBLAS  # before whatever imports MLX
from .command_buffers import use_large_command_buffers

__all__ = ["HAS_OPENBLAS"]

use_large_command_buffers()
