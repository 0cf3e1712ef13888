"""The least score of a nucleus, without sorting the vocabulary."""

from ....mlx_base.sampling import Nucleus
from .kernel import metal_nucleus
from .naive import naive_nucleus

__all__ = ["metal_nucleus", "naive_nucleus", "nucleus"]


def nucleus(kernels: frozenset[str]) -> Nucleus | None:
    """The kernel if it is to be used; sampling sorts without it."""
    return metal_nucleus if "nucleus" in kernels else None
