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
from .side_by_side import JoinedCache, SideBySide, Texts
from .zeros import zeros

__all__ = [
    "BLOCK",
    "IN_DTYPE",
    "AttentionCache",
    "Cache",
    "FoXCache",
    "GLACache",
    "JoinedCache",
    "LayerCache",
    "SideBySide",
    "TTTCache",
    "Texts",
    "empty_layer",
    "zeros",
]
