"""Every Metal kernel against its definition, on the user's own machine."""

from .check import KernelCheck, check_kernels, ensure_kernels
from .failure import replace_failing
from .timing import KernelTiming, time_kernels

__all__ = [
    "KernelCheck",
    "KernelTiming",
    "check_kernels",
    "ensure_kernels",
    "replace_failing",
    "time_kernels",
]
