"""What the model carries from one call to the next."""

from .cache import Cache
from .layer import (
    IN_DTYPE,
    AttentionCache,
    FoXCache,
    GLACache,
    LayerCache,
    TTTCache,
    empty_layer,
)

__all__ = [
    "IN_DTYPE",
    "AttentionCache",
    "Cache",
    "FoXCache",
    "GLACache",
    "LayerCache",
    "TTTCache",
    "empty_layer",
]
