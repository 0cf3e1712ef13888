"""A prompt's tokens, from the projections to forgetting attention."""

from .kernel import fits_fox_prepare, metal_fox_prepare
from .naive import naive_fox_prepare
from .weights import FoXPrepared, FoXTaps

__all__ = [
    "FoXPrepared",
    "FoXTaps",
    "fits_fox_prepare",
    "metal_fox_prepare",
    "naive_fox_prepare",
]
