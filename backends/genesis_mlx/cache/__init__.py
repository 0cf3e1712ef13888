"""What the model carries from one call to the next."""

from .cache import Cache
from .fox import BLOCK, FoXCache
from .layer import (
    IN_DTYPE,
    AttentionCache,
    GLACache,
    LayerCache,
    TTTCache,
    empty_layer,
)
from .zeros import zeros

__all__ = [
    "BLOCK",
    "IN_DTYPE",
    "AttentionCache",
    "Cache",
    "FoXCache",
    "GLACache",
    "LayerCache",
    "TTTCache",
    "empty_layer",
    "zeros",
]
