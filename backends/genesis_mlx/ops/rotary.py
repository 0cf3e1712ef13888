"""Rotary position embedding (arXiv 2104.09864) in the half-split form."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from ...genesis.constants import ROTARY_BASE
from ...stored_tensors import Float32

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
    if length == 1:
        return _on_host(width, np.array([[[offset]]], np.float32))
    frequencies = mx.array(_powers(width))
    positions = mx.arange(offset, offset + length).astype(mx.float32)
    angles = positions[:, None, None] * frequencies
    return mx.cos(angles), mx.sin(angles)


def rotary_tables_of_texts(width: int, offsets: Sequence[int]) -> Tables:
    """Cosines and sines of one token of each text, [B, 1, 1, width / 2] float32.

    See `rotary_tables`; `offsets` are the tokens' positions.
    """
    return _on_host(width, np.array(offsets, np.float32)[:, None, None, None])


def _on_host(width: int, positions: Float32) -> Tables:
    """The tables of positions [..., 1]; on a GPU so few would cost six dispatches."""
    angles = positions * np.array(_powers(width), np.float32)
    return mx.array(np.cos(angles)), mx.array(np.sin(angles))


def _powers(width: int) -> list[float]:
    return [ROTARY_BASE ** (-2 * i / width) for i in range(width // 2)]


def apply_rotary(x: mx.array, tables: Tables) -> mx.array:
    """Rotate the first channels of each head and pass the others through.

    Args:
        x: queries or keys [B, L, H, Dk].
        tables: as the functions above return them; width / 2 is their last axis.

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
