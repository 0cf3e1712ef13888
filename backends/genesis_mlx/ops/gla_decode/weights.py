"""The parameters of a gated linear attention mixer that its decoding reads."""

from typing import NamedTuple

import mlx.core as mx


class GLAWeights(NamedTuple):
    """H heads, D model width, W convolution width, channels (H + Hk) Dk + Hk Dv.

    gate_weight [H, D], gate_bias [H] and a_log [H], which is None for the gate
    that divides by `normalizer`; conv_weight [W, channels]; norm_weight [Dv];
    beta_weight [H, D] and beta_bias [H] turn the delta rule on.
    """

    gate_weight: mx.array
    gate_bias: mx.array
    a_log: mx.array | None
    conv_weight: mx.array
    norm_weight: mx.array
    kv_heads: int
    normalizer: float
    eps: float
    beta_weight: mx.array | None = None
    beta_bias: mx.array | None = None


class GLAStep(NamedTuple):
    """What a step returns.

    y [B, 1, H Dv] in the dtype of the projection; conv [B, W - 1, channels]; state
    [B, H, Dk, Dv] and log_decay [B, 1, H], both float32.
    """

    y: mx.array
    conv: mx.array
    state: mx.array
    log_decay: mx.array
