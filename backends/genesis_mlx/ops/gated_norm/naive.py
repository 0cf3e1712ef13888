"""The definition of a mixer's gated output norm."""

import mlx.core as mx


def naive_gated_norm(
    out: mx.array, proj: mx.array, gain: mx.array, eps: float
) -> mx.array:
    """Each head's root-mean-square norm (arXiv 1910.07467), times the SiLU of a gate.

        y = out / sqrt(mean(out^2) + eps) gain silu(gate)

    Args:
        out: what the mixer has computed [B, L, H, Dv] float32.
        proj: the merged projection [B, L, H Dv or more]; the gate is the end of it.
        gain: weights of the norm [Dv].
        eps: added to the mean square.

    Returns:
        y [B, L, H Dv] in the dtype of the projection.
    """
    batch, length, heads, dv = out.shape
    gate = proj[..., -heads * dv :].astype(mx.float32).reshape(out.shape)
    normed = out * mx.rsqrt((out * out).mean(-1, keepdims=True) + eps)
    y = normed * gain.astype(mx.float32) * gate * mx.sigmoid(gate)
    return y.reshape(batch, length, heads * dv).astype(proj.dtype)
