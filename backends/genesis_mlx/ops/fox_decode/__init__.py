"""One decoded token of forgetting attention, all of it between two projections."""

from .attend import Attended, attend_fox_decode
from .kernel import PART, SPLIT_FROM, fits_fox_decode, metal_fox_decode
from .naive import naive_fox_decode
from .weights import FoXPast, FoXStep, FoXWeights

__all__ = [
    "PART",
    "SPLIT_FROM",
    "Attended",
    "FoXPast",
    "FoXStep",
    "FoXWeights",
    "attend_fox_decode",
    "fits_fox_decode",
    "metal_fox_decode",
    "naive_fox_decode",
]
