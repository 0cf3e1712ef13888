"""Rotary position embedding (arXiv 2104.09864) in the half-split form."""

import mlx.core as mx
import numpy as np

from ...genesis.constants import ROTARY_BASE

Tables = tuple[mx.array, mx.array]


def rotary_tables(width: int, offset: int, length: int) -> Tables:
    """Cosines and sines of positions offset .. offset + length - 1.

    Args:
        width: number of rotated channels, even.
        offset: position of the first token.
        length: number of tokens, L.

    Returns:
        Two arrays [L, 1, width / 2] float32, which broadcast over heads.
    """
    powers = [ROTARY_BASE ** (-2 * i / width) for i in range(width // 2)]
    if length == 1:
        # On the host: on a GPU these few numbers would cost six dispatches.
        angle = np.float32(offset) * np.array(powers, np.float32)
        tables = np.cos(angle), np.sin(angle)
        return mx.array(tables[0][None, None]), mx.array(tables[1][None, None])
    frequencies = mx.array(powers)
    positions = mx.arange(offset, offset + length).astype(mx.float32)
    angles = positions[:, None, None] * frequencies
    return mx.cos(angles), mx.sin(angles)


def apply_rotary(x: mx.array, tables: Tables) -> mx.array:
    """Rotate the first channels of each head and pass the others through.

    Args:
        x: queries or keys [B, L, H, Dk].
        tables: as `rotary_tables` returns them; width / 2 is their last axis.

    Returns:
        The rotated array [B, L, H, Dk] in the dtype of x.
    """
    cos, sin = tables
    half = cos.shape[-1]
    if not half:
        return x
    first, second, rest = mx.split(x, [half, 2 * half], axis=-1)
    return mx.concatenate(
        [
            (first * cos - second * sin).astype(x.dtype),
            (second * cos + first * sin).astype(x.dtype),
            rest,
        ],
        axis=-1,
    )
