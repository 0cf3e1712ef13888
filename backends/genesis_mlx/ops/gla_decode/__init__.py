"""One decoded token of gated linear attention, all of it between two projections."""

from .kernel import fits_gla_decode, metal_gla_decode
from .naive import naive_gla_decode
from .weights import GLAStep, GLAWeights

__all__ = [
    "GLAStep",
    "GLAWeights",
    "fits_gla_decode",
    "metal_gla_decode",
    "naive_gla_decode",
]
