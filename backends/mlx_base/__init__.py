"""What every backend on MLX shares: the BLAS under it, the device, sampling."""

from .blas import HAS_OPENBLAS  # before whatever imports MLX

__all__ = ["HAS_OPENBLAS"]
