"""Every Metal kernel against its definition, on the user's own machine."""

from .check import KernelCheck, check_kernels, ensure_kernels
from .errors import KernelWarning, warn
from .failure import replace_failing
from .timing import KernelTiming, time_kernels
from .tried import FAILURES

__all__ = [
    "FAILURES",
    "KernelCheck",
    "KernelTiming",
    "KernelWarning",
    "check_kernels",
    "ensure_kernels",
    "replace_failing",
    "time_kernels",
    "warn",
]
