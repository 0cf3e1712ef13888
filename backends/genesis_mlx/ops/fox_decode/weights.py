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
    """What a token can attend to: S keys in blocks, which stay as they are, and a tail.

    keys [B, Hk, S, Dh], values [B, H, S, Dh] and decay [B, H, S] float32, the sum of
    log forget gates from each key to the end of the blocks; since [B, H] float32, the
    sum from there on. tail_keys [B, Hk, T, Dh], tail_values [B, H, T, Dh] and
    tail_decay [B, H, T] float32, the whole sum for each key; the first `filled`, an
    int32 array [1], are there. With S = 0, S axes of any size take the place of
    nothing, and `settled` is 0.
    """

    keys: mx.array
    values: mx.array
    decay: mx.array
    since: mx.array
    tail_keys: mx.array
    tail_values: mx.array
    tail_decay: mx.array
    filled: mx.array
    settled: int


class FoXStep(NamedTuple):
    """y [B, 1, H Dh]; conv [B, W - 1, (Hk + H) Dh]; since, tail_keys, tail_values and
    tail_decay as in `FoXPast`, with the token in the tail; log_forget [B, 1, H]
    float32."""

    y: mx.array
    conv: mx.array
    since: mx.array
    tail_keys: mx.array
    tail_values: mx.array
    tail_decay: mx.array
    log_forget: mx.array
