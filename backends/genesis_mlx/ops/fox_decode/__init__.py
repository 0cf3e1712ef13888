"""One decoded token of forgetting attention, all of it between two projections."""

from .kernel import fits, metal
from .naive import naive
from .weights import FoXPast, FoXStep, FoXWeights

__all__ = ["FoXPast", "FoXStep", "FoXWeights", "fits", "metal", "naive"]
