"""Metal kernels against their definitions, on the user's own machine."""

from .case import Case, Cases, Run
from .drawing import drawing_cases
from .errors import KernelWarning, warn
from .replacing import ensure, replace_or_raise
from .tried import FAILURES, message, tried

__all__ = [
    "FAILURES",
    "Case",
    "Cases",
    "KernelWarning",
    "Run",
    "drawing_cases",
    "ensure",
    "message",
    "replace_or_raise",
    "tried",
    "warn",
]
