"""Root-mean-square norms of whole vectors and of heads, and the L2 norm."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.constants import L2_EPS
from ..ops.add_rms_norm import metal_add_rms_norm

SMALLEST_SQUARE = 1e-30


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight (arXiv 1910.07467), over the last axis."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = mx.ones((width,))
        self.eps = eps

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.rms_norm(x, self.weight, self.eps)


class ZeroCenteredRMSNorm(nn.Module):
    """RMS norm whose gain is 1 + omega, so that weight decay pulls it to 1."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.omega = mx.zeros((width,))
        self.eps = eps

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.rms_norm(x, 1 + self.omega, self.eps)


def add_norm(
    x: mx.array, delta: mx.array | None, norm: nn.Module, kernels: frozenset[str]
) -> tuple[mx.array, mx.array]:
    """x + delta and its norm, [B, L, D]; without delta, x and its norm."""
    if delta is None:
        return x, norm(x)
    if "add_rms_norm" in kernels:
        centred = isinstance(norm, ZeroCenteredRMSNorm)
        gain = norm.omega if centred else norm.weight
        return metal_add_rms_norm(x, delta, gain, norm.eps, int(centred))
    x = x + delta
    return x, norm(x)


class HeadRMSNorm(nn.Module):
    """Each head of [B, L, H, Dh] normalised alone, one weight over all H * Dh."""

    def __init__(self, heads: int, head_dim: int, eps: float) -> None:
        super().__init__()
        self.weight = mx.ones((heads * head_dim,))
        self.eps = eps

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.rms_norm(x, None, self.eps) * self.weight.reshape(x.shape[-2:])


def make_norm(width: int, eps: float, zero_centered: bool) -> nn.Module:
    """The norm of a block: zero-centred or plain."""
    return (ZeroCenteredRMSNorm if zero_centered else RMSNorm)(width, eps)


def l2_normalize(x: mx.array) -> mx.array:
    """x / (||x|| + L2_EPS) over the last axis; squares would overflow float16."""
    wide = x.astype(mx.float32)
    squares = (wide * wide).sum(axis=-1, keepdims=True)
    # A root has no slope at 0; beside L2_EPS what is added here is nothing.
    norm = mx.sqrt(mx.maximum(squares, SMALLEST_SQUARE))
    return (wide / (norm + L2_EPS)).astype(x.dtype)
