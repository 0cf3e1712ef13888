"""One decoded token of gated linear attention, all of it between two projections."""

from .kernel import fits, metal
from .naive import naive
from .weights import GLAStep, GLAWeights

__all__ = ["GLAStep", "GLAWeights", "fits", "metal", "naive"]
