"""The feed-forward network's activation, with its selection, in one piece."""

from .kernel import fits, metal
from .naive import naive

__all__ = ["fits", "metal", "naive"]
