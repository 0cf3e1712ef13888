"""The definition of metacognition's mixture."""

from typing import NamedTuple

import mlx.core as mx


class Mixture(NamedTuple):
    """mixed [B, L, D] in the dtype of x; the rest float32: confidence_sum [B],
    surprise, confidence and share [B, L]."""

    mixed: mx.array
    confidence_sum: mx.array
    surprise: mx.array
    confidence: mx.array
    share: mx.array


def naive_confidence_mix(
    x: mx.array,
    adapted: mx.array,
    expected: mx.array,
    logit: mx.array,
    confidence_sum: mx.array,
    offset: int | mx.array,
    strength: float,
) -> Mixture:
    """Mix what test-time training made of x in by the mean confidence so far.

        share_t = strength * mean of sigmoid(logit) over tokens 1..t
        mixed_t = share_t adapted_t + (1 - share_t) x_t
        surprise_t = mean((expected_t - adapted_t)^2)

    Args:
        x: the last hidden vectors [B, L, D].
        adapted: what test-time training made of them [B, L, D].
        expected: what the model expected of itself [B, L, D].
        logit: of its confidence [B, L].
        confidence_sum: of the tokens before this call [B] float32.
        offset: how many those were; an int32 array [1] or [B, 1] does as well.
        strength: the largest share.
    """
    wide = mx.float32
    confidence = mx.sigmoid(logit.astype(wide))
    sums = confidence_sum[:, None] + mx.cumsum(confidence, axis=1)
    counts = (mx.arange(1, x.shape[1] + 1) + offset).astype(wide)
    share = strength * sums / counts
    surprise = (expected.astype(wide) - adapted.astype(wide)).square().mean(axis=-1)
    mix = share[..., None].astype(x.dtype).astype(wide)
    mixed = mix * adapted.astype(wide) + (1 - mix) * x.astype(wide)
    return Mixture(mixed.astype(x.dtype), sums[:, -1], surprise, confidence, share)
