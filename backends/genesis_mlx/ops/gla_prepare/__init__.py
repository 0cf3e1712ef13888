"""A prompt's tokens, from the projections to gated linear attention."""

from .kernel import fits_gla_prepare, metal_gla_prepare
from .naive import naive_gla_prepare
from .weights import GLAPrepared, GLATaps

__all__ = [
    "GLAPrepared",
    "GLATaps",
    "fits_gla_prepare",
    "metal_gla_prepare",
    "naive_gla_prepare",
]
