"""Metal kernels: their sources, and which of them are used."""

from .choice import VARIABLE, Mode, chosen, mode, replace, replaced, wanted
from .kernel import KERNELS, Kernel, as_array

__all__ = [
    "KERNELS",
    "VARIABLE",
    "Kernel",
    "Mode",
    "as_array",
    "chosen",
    "mode",
    "replace",
    "replaced",
    "wanted",
]
