"""Operators: pure functions, one folder each, state passed in and returned."""

from . import add_rms_norm, fox_decode, gla_decode, selective_swiglu
from .confidence_mix import confidence_mix
from .forgetting_attention import forgetting_attention
from .gated_delta_rule import gated_delta_rule
from .gated_linear_attention import gated_linear_attention
from .rotary import Positions, apply_rotary, rotary_tables
from .selective_activation import selective_activation
from .short_convolution import short_convolution
from .taps import Taps
from .test_time_training import test_time_training

__all__ = [
    "Positions",
    "Taps",
    "add_rms_norm",
    "apply_rotary",
    "confidence_mix",
    "forgetting_attention",
    "fox_decode",
    "gated_delta_rule",
    "gated_linear_attention",
    "gla_decode",
    "rotary_tables",
    "selective_activation",
    "selective_swiglu",
    "short_convolution",
    "test_time_training",
]
