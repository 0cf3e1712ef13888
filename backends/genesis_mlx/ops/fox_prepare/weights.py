"""What preparing a prompt for forgetting attention reads and returns."""

from typing import NamedTuple

import mlx.core as mx


class FoXTaps(NamedTuple):
    """conv_weight [W, (Hk + H) Dh]; q_norm [H Dh], k_norm [Hk Dh]; head width Dh; eps
    of the norms."""

    conv_weight: mx.array
    q_norm: mx.array
    k_norm: mx.array
    width: int
    eps: float


class FoXPrepared(NamedTuple):
    """q [B, L, H, Dh], keys [B, Hk, L, Dh], values [B, H, L, Dh] and conv [B, W - 1,
    (Hk + H) Dh] in the dtype of the projection; log_forget [B, L, H] float32."""

    q: mx.array
    keys: mx.array
    values: mx.array
    conv: mx.array
    log_forget: mx.array
