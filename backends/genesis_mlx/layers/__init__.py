"""Layers: the parameters and projections around the operators."""

from .attention import GatedAttention
from .block import Block
from .feed_forward import FeedForward
from .forgetting_attention import ForgettingAttention
from .forward_pass import ForwardPass, Places
from .gated_linear_attention import GatedLinearAttention
from .metacognition import Metacognition
from .norms import make_norm

__all__ = [
    "Block",
    "FeedForward",
    "ForgettingAttention",
    "ForwardPass",
    "GatedAttention",
    "GatedLinearAttention",
    "Metacognition",
    "Places",
    "make_norm",
]
