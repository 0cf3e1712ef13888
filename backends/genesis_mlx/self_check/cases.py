"""Inputs to try every kernel with, in the shapes of a model."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import mlx.core as mx

from ...genesis.args import ModelArgs
from ...genesis.constants import FOX_CONV_SIZE, FOX_NORM_EPS, GLA_NORM_EPS
from ..ops.add_rms_norm import metal_add_rms_norm, naive_add_rms_norm
from ..ops.confidence_mix import metal_confidence_mix, naive_confidence_mix
from ..ops.forgetting_attention import (
    fits_forgetting_attention,
    metal_forgetting_attention,
    naive_forgetting_attention,
)
from ..ops.fox_decode import (
    FoXPast,
    FoXWeights,
    fits_fox_decode,
    metal_fox_decode,
    naive_fox_decode,
)
from ..ops.gated_delta_rule import metal_gated_delta_rule, naive_gated_delta_rule
from ..ops.gated_linear_attention import fits_gla, metal_gla, naive_gla
from ..ops.gla_decode import (
    GLAWeights,
    fits_gla_decode,
    metal_gla_decode,
    naive_gla_decode,
)
from ..ops.selective_swiglu import (
    fits_selective_swiglu,
    metal_selective_swiglu,
    naive_selective_swiglu,
)
from ..ops.test_time_training import metal_test_time_training, naive_test_time_training

Forms = tuple[Callable[..., Any], Callable[..., Any]]
Run = Callable[[], Iterable[mx.array]]
# Tokens of a prompt: one more than a block of any kernel.
LENGTH, SEEN = 65, 40
ADD_RMS_NORM: Forms = metal_add_rms_norm, naive_add_rms_norm
SELECTIVE_SWIGLU: Forms = metal_selective_swiglu, naive_selective_swiglu
GLA_DECODE: Forms = metal_gla_decode, naive_gla_decode
FOX_DECODE: Forms = metal_fox_decode, naive_fox_decode
GLA: Forms = metal_gla, naive_gla
GATED_DELTA_RULE: Forms = metal_gated_delta_rule, naive_gated_delta_rule
FORGETTING_ATTENTION: Forms = metal_forgetting_attention, naive_forgetting_attention
TEST_TIME_TRAINING: Forms = metal_test_time_training, naive_test_time_training
CONFIDENCE_MIX: Forms = metal_confidence_mix, naive_confidence_mix


class Draw:
    """Random arrays that are the same each time."""

    def __init__(self, dtype: mx.Dtype) -> None:
        self.dtype = dtype
        self._key = mx.random.key(0)

    def __call__(self, *shape: int) -> mx.array:
        return self.wide(*shape).astype(self.dtype)

    def wide(self, *shape: int) -> mx.array:
        """float32, whatever the model computes in."""
        self._key, key = mx.random.split(self._key)
        return mx.random.normal(shape, key=key)


def cases(args: ModelArgs, dtype: mx.Dtype) -> dict[str, tuple[Run, Run]]:
    """The kernel and its definition, by the kernel's name and how it is used."""
    draw, width = Draw(dtype), args.n_embd
    found: dict[str, tuple[Run, Run]] = {}

    def add(name: str, forms: Forms, *inputs: Any) -> None:
        kernel, definition = forms
        found[name] = partial(kernel, *inputs), partial(definition, *inputs)

    rows = draw(1, 1, width), draw(1, 1, width)
    add("add_rms_norm", ADD_RMS_NORM, *rows, draw(width), 1e-6, 1)
    if fits_selective_swiglu(args.ffn_width):
        wide = draw(1, 1, 2 * args.ffn_width)
        add("selective_swiglu", SELECTIVE_SWIGLU, wide, args.ffn_keep)
    if fits_gla_decode(args.gla_key_dim, args.gla_value_dim):
        add("gla_decode", GLA_DECODE, *_gla_decode(args, draw))
        *inputs, weights = _gla_decode(args, draw)
        weights = weights._replace(
            beta_weight=weights.gate_weight, beta_bias=weights.gate_bias
        )
        add("gla_decode with delta rule", GLA_DECODE, *inputs, weights)
    if fits_fox_decode(args.head_dim):
        add("fox_decode", FOX_DECODE, *_fox_decode(args, draw))
    heads, kv = args.n_head, args.n_kv_head
    dk, dv, dh = args.gla_key_dim, args.gla_value_dim, args.head_dim
    gates = -mx.abs(draw.wide(1, LENGTH, heads))
    if fits_gla(dk):
        q, k = draw(1, LENGTH, heads, dk), draw(1, LENGTH, kv, dk)
        state = draw.wide(1, heads, dk, dv)
        add("gla_chunks", GLA, q, k, draw(1, LENGTH, kv, dv), gates, state)
    q, k = (draw(1, LENGTH, n, dk) * dk**-0.5 for n in (heads, kv))
    v, beta = draw(1, LENGTH, kv, dv), mx.sigmoid(draw.wide(1, LENGTH, heads))
    add(
        "delta_scan",
        GATED_DELTA_RULE,
        q,
        k,
        v,
        gates,
        beta,
        draw.wide(1, heads, dk, dv),
    )
    if fits_forgetting_attention(dh, dh):
        k, v = (draw(1, n, SEEN + LENGTH, dh).swapaxes(1, 2) for n in (kv, heads))
        decay = -mx.abs(draw.wide(1, heads, SEEN))
        add(
            "fox_blocks",
            FORGETTING_ATTENTION,
            draw(1, LENGTH, heads, dh),
            k,
            v,
            gates,
            decay,
        )
    if args.use_ttt:
        tokens = draw(1, LENGTH, width), draw(1, LENGTH, width)
        add(
            "ttt_scan",
            TEST_TIME_TRAINING,
            *tokens,
            draw.wide(width),
            draw.wide(1, width),
            3,
        )
        add(
            "confidence_mix",
            CONFIDENCE_MIX,
            *tokens,
            draw(1, LENGTH, width),
            draw(1, LENGTH),
            mx.ones((1,)),
            3,
            0.2,
        )
    return found


def _gla_decode(args: ModelArgs, draw: Draw) -> tuple[Any, ...]:
    d, h, hk = args.n_embd, args.n_head, args.n_kv_head
    dk, dv, taps = args.gla_key_dim, args.gla_value_dim, max(2, args.gla_conv_size)
    channels = args.gla_conv_width
    weights = GLAWeights(
        draw(h, d) * d**-0.5,
        draw.wide(h),
        draw.wide(h),
        draw(taps, channels),
        draw(dv),
        hk,
        16.0,
        GLA_NORM_EPS,
    )
    angles = draw.wide(1, 1, args.gla_rotary_width // 2)
    proj, state = draw(1, 1, channels + h * dv), draw.wide(1, h, dk, dv)
    conv = draw(1, taps - 1, channels)
    return proj, draw(1, 1, d), conv, state, (mx.cos(angles), mx.sin(angles)), weights


def _fox_decode(args: ModelArgs, draw: Draw) -> tuple[Any, ...]:
    d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
    channels = args.fox_conv_width
    weights = FoXWeights(
        draw(h, d) * d**-0.5,
        draw.wide(h),
        draw(FOX_CONV_SIZE, channels),
        draw(h * dh),
        draw(hk * dh),
        draw(dh),
        FOX_NORM_EPS,
    )
    past = FoXPast(
        draw(1, hk, SEEN + 3, dh),
        draw(1, h, SEEN + 3, dh),
        -mx.abs(draw.wide(1, h, SEEN)),
        SEEN,
    )
    proj, conv = draw(1, 1, channels + 2 * h * dh), draw(1, FOX_CONV_SIZE - 1, channels)
    return proj, draw(1, 1, d), conv, past, weights
