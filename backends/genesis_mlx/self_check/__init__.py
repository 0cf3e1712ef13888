"""Every Metal kernel against its definition, on the user's own machine."""

from .check import KernelCheck, check_kernels, ensure_kernels
from .errors import KernelWarning, warn

__all__ = ["KernelCheck", "KernelWarning", "check_kernels", "ensure_kernels", "warn"]
