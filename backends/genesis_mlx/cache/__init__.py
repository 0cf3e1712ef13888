"""What the model carries from one call to the next."""

from .cache import Cache
from .layer import AttentionCache, FoXCache, GLACache, LayerCache, TTTCache

__all__ = [
    "AttentionCache",
    "Cache",
    "FoXCache",
    "GLACache",
    "LayerCache",
    "TTTCache",
]
