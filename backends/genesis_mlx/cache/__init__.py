"""What the model carries from one call to the next."""

from .cache import Cache
from .layer import (
    IN_DTYPE,
    AttentionCache,
    FoXCache,
    GLACache,
    LayerCache,
    TTTCache,
)

__all__ = [
    "IN_DTYPE",
    "AttentionCache",
    "Cache",
    "FoXCache",
    "GLACache",
    "LayerCache",
    "TTTCache",
]
