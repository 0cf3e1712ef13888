"""What decoding a token of forgetting attention reads and returns."""

from typing import NamedTuple

import mlx.core as mx


class FoXWeights(NamedTuple):
    """gate_weight [H, D], gate_bias [H]; conv_weight [W, (Hk + H) Dh]; q_norm [H Dh],
    k_norm [Hk Dh], norm_weight [Dh]; eps of the three norms."""

    gate_weight: mx.array
    gate_bias: mx.array
    conv_weight: mx.array
    q_norm: mx.array
    k_norm: mx.array
    norm_weight: mx.array
    eps: float


class FoXPast(NamedTuple):
    """What a token can attend to: S keys.

    keys [B, Hk, C, Dh] and values [B, H, C, Dh], of which the first `length` = S
    are filled; decay [B, H, S] float32, the sum of log forget gates since each.
    With S = 0, one element of anything takes the place of nothing.
    """

    keys: mx.array
    values: mx.array
    decay: mx.array
    length: int


class FoXStep(NamedTuple):
    """y [B, 1, H Dh]; the token's own key [B, Hk, 1, Dh] and value [B, H, 1, Dh];
    conv [B, W - 1, (Hk + H) Dh]; decay [B, H, S + 1] and log_forget [B, 1, H],
    both float32."""

    y: mx.array
    key: mx.array
    value: mx.array
    conv: mx.array
    decay: mx.array
    log_forget: mx.array
