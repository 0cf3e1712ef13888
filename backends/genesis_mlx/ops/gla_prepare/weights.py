"""What preparing a prompt for gated linear attention reads and returns."""

from typing import NamedTuple

import mlx.core as mx


class GLATaps(NamedTuple):
    """conv_weight [W, channels]; gate_bias [H] and a_log [H], both None for the gate
    that divides by `normalizer`; heads H, kv_heads Hk, key_width Dk."""

    conv_weight: mx.array
    gate_bias: mx.array | None
    a_log: mx.array | None
    normalizer: float
    heads: int
    kv_heads: int
    key_width: int


class GLAPrepared(NamedTuple):
    """q [B, L, H, Dk], k [B, L, Hk, Dk], v [B, L, Hk, Dv] and conv [B, W - 1, channels]
    in the dtype of the projection; log_decay [B, L, H] float32."""

    q: mx.array
    k: mx.array
    v: mx.array
    conv: mx.array
    log_decay: mx.array
