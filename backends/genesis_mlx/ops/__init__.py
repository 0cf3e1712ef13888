"""Operators: pure functions, one folder each, state passed in and returned."""

from .forgetting_attention import forgetting_attention
from .gated_linear_attention import gated_linear_attention
from .rotary import Positions, apply_rotary, rotary_tables
from .selective_activation import selective_activation
from .short_convolution import short_convolution
from .taps import Taps
from .test_time_training import test_time_training

__all__ = [
    "Positions",
    "Taps",
    "apply_rotary",
    "forgetting_attention",
    "gated_linear_attention",
    "rotary_tables",
    "selective_activation",
    "short_convolution",
    "test_time_training",
]
