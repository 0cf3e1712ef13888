"""Operators: pure functions, one folder each, state passed in and returned."""

from .confidence_mix import confidence_mix
from .forgetting_attention import forgetting_attention
from .gated_delta_rule import gated_delta_rule
from .gated_linear_attention import gated_linear_attention
from .rotary import apply_rotary, rotary_tables
from .selective_activation import selective_activation
from .short_convolution import short_convolution
from .test_time_training import test_time_training

__all__ = [
    "apply_rotary",
    "confidence_mix",
    "forgetting_attention",
    "gated_delta_rule",
    "gated_linear_attention",
    "rotary_tables",
    "selective_activation",
    "short_convolution",
    "test_time_training",
]
