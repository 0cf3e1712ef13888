"""The least score of a nucleus, without sorting the vocabulary."""

from collections.abc import Callable

import mlx.core as mx

from .kernel import metal_nucleus
from .naive import naive_nucleus

__all__ = ["Nucleus", "metal_nucleus", "naive_nucleus", "nucleus_by"]

# Of scores [V], weights [V] from 0 to 1 and a share, the least score [1] above which
# there is at most that share of all weights.
Nucleus = Callable[[mx.array, mx.array, float], mx.array]


def nucleus_by(kernels: frozenset[str]) -> Nucleus | None:
    """The kernel if it is to be used; sampling sorts without it."""
    return metal_nucleus if "nucleus" in kernels else None
