"""One decoded token of forgetting attention, all of it between two projections."""

from .kernel import fits_fox_decode, metal_fox_decode
from .naive import naive_fox_decode
from .weights import FoXPast, FoXStep, FoXWeights

__all__ = [
    "FoXPast",
    "FoXStep",
    "FoXWeights",
    "fits_fox_decode",
    "metal_fox_decode",
    "naive_fox_decode",
]
