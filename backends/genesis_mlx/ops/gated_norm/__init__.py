"""The norm and the gate of a mixer's output, for many tokens."""

from .kernel import metal_gated_norm
from .naive import naive_gated_norm

__all__ = ["metal_gated_norm", "naive_gated_norm"]
