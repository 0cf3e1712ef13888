"""The residual sum between two layers, with the norm that follows it."""

from .kernel import metal
from .naive import naive

__all__ = ["metal", "naive"]
