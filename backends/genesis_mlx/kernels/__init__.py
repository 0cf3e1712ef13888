"""Metal kernels: their sources, and which of them are used."""

from .choice import VARIABLE, Mode, chosen, mode, replace, replaced, wanted
from .kernel import KERNELS, Kernel

__all__ = [
    "KERNELS",
    "VARIABLE",
    "Kernel",
    "Mode",
    "chosen",
    "mode",
    "replace",
    "replaced",
    "wanted",
]
