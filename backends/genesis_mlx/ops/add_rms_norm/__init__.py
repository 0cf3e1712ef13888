"""The residual sum between two layers, with the norm that follows it."""

from .kernel import metal_add_rms_norm
from .naive import naive_add_rms_norm

__all__ = ["metal_add_rms_norm", "naive_add_rms_norm"]
