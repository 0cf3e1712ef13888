"""The feed-forward network's activation, with its selection, in one piece."""

from .kernel import fits_selective_swiglu, metal_selective_swiglu
from .naive import naive_selective_swiglu

__all__ = ["fits_selective_swiglu", "metal_selective_swiglu", "naive_selective_swiglu"]
