"""ggml's blocks of 32 weights as MLX's affine quantisation, without a change.

Both store whole steps of a scale, so that `scale * code + bias` is the very number
that ggml's dequantisation gives: the products are exact in float32, and so are the
biases -8 and -128 scales in float16.
"""

import numpy as np
from numpy.typing import NDArray

BITS = {"Q4_0": 4, "Q4_1": 4, "Q8_0": 8}
GROUP = 32
SCALE_BYTES = 2


def affine(
    rows: NDArray[np.uint8], kind: str
) -> tuple[NDArray[np.uint32], NDArray[np.float16], NDArray[np.float32]]:
    """Rows of ggml blocks as codes, scales and biases in groups of 32.

    Args:
        rows: [rows, bytes] of whole blocks.
        kind: "Q4_0", "Q4_1" or "Q8_0".

    Returns:
        codes [rows, width * bits / 32], the first in a word's lowest bits; scales and
        biases [rows, width / 32], these in float32, though float16 holds all but
        the largest.
    """
    height = rows.shape[0]
    fields = SCALE_BYTES * (2 if kind == "Q4_1" else 1)
    blocks = rows.reshape(-1, fields + GROUP * BITS[kind] // 8)
    head = np.ascontiguousarray(blocks[:, :fields]).view("<f2")
    head = head.astype(np.float16, copy=False)
    octets = blocks[:, fields:]
    scales = head[:, 0]
    if kind == "Q8_0":
        codes = octets ^ 0x80  # int8 plus 128
    else:
        low, high = octets & 15, octets >> 4
        steps = np.concatenate([low, high], axis=1)
        codes = steps[:, 0::2] | steps[:, 1::2] << 4
    words = np.ascontiguousarray(codes).view("<u4").astype(np.uint32, copy=False)
    zero = -8 if kind == "Q4_0" else -128
    wide = head.astype(np.float32)
    biases = wide[:, 1] if kind == "Q4_1" else wide[:, 0] * np.float32(zero)
    return (
        words.reshape(height, -1),
        scales.reshape(height, -1),
        biases.reshape(height, -1),
    )
