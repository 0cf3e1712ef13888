"""Short convolution, test-time training, selective activation and rotation."""

import math

import mlx.core as mx
import numpy as np
import pytest
from draws import LENGTHS, Draw
from reference import add_to_path
from tolerances import OPERATOR, max_difference

from backends.genesis_mlx.ops import apply_rotary, rotary_tables, selective_activation
from backends.genesis_mlx.ops import short_convolution as convolve
from backends.genesis_mlx.ops.short_convolution import (
    naive_short_convolution,
    parallel_short_convolution,
)
from backends.genesis_mlx.ops.test_time_training import (
    naive_test_time_training,
    parallel_test_time_training,
)

every_length = pytest.mark.parametrize("length", LENGTHS)


@every_length
@pytest.mark.parametrize("width", [2, 4, 5])
def test_short_convolution(length: int, width: int) -> None:
    """Against numpy's convolution of each channel with its past."""
    draw = Draw(length)
    x, taps = draw(2, length, 12), draw(width, 12)
    state = draw(2, width - 1, 12)
    padded = np.concatenate([state, x], axis=1)
    expected = [
        [np.convolve(row[:, c], taps[::-1, c], mode="valid") for c in range(12)]
        for row in padded
    ]
    for form in (naive_short_convolution, parallel_short_convolution, convolve):
        actual, end = form(mx.array(x), mx.array(taps), mx.array(state))
        assert max_difference(actual, np.swapaxes(expected, 1, 2)) <= OPERATOR
        assert max_difference(end, padded[:, -(width - 1) :]) == 0


@every_length
@pytest.mark.parametrize("offset", [0, 1, 500])
def test_test_time_training(length: int, offset: int) -> None:
    """Against the closed form in float64, with a carried-in sum of gradients."""
    draw = Draw(length)
    h, y0, carried = draw(2, length, 10), draw(2, length, 10), draw(2, 10)
    rate = np.abs(draw(10)) * np.float32(0.01)
    gradients = h.astype(np.float64) * (y0 - h)
    before = carried[:, None] + np.cumsum(gradients, axis=1) - gradients
    damping = 1 + 0.1 * np.log(offset + 1 + np.arange(length))
    expected = y0 - h * rate * before / damping[:, None]
    total = carried + gradients.sum(1)
    x, guess, speed, sums = map(mx.array, (h, y0, rate, carried))
    for form in (naive_test_time_training, parallel_test_time_training):
        out, end = form(x, guess, speed, sums, offset)
        assert max_difference(out, expected) <= OPERATOR
        # A sum of magnitude 100: compared by its own size.
        assert max_difference(end / total.max(), total / total.max()) <= OPERATOR


@pytest.mark.reference
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.85, 0.999, 1.0])
def test_the_mask_is_exactly_the_references(share: float) -> None:
    assert add_to_path()
    import torch
    from genesis.layers.ffn import topk_mask

    hidden = Draw(3)(5, 7, 480)
    mask = topk_mask(torch.from_numpy(hidden), share).numpy()
    keep = max(1, int(480 * share)) if share > 0 else 0
    kept = selective_activation(mx.array(hidden), keep)
    assert (np.array(kept) == hidden * mask).all()


@pytest.mark.parametrize("keep", [0, 1, 3, 6, 7])
def test_selective_activation_keeps_exactly_so_many(keep: int) -> None:
    """Equal magnitudes too: a threshold would keep all of them."""
    hidden = np.array([[3.0, -3, 3, 1, -1, 2, 3], [1, 1, -1, 1, 1, -1, 1]])
    kept = np.array(selective_activation(mx.array(hidden), keep))
    assert ((kept != 0).sum(-1) == keep).all()
    for row, values in zip(kept.tolist(), hidden.tolist(), strict=True):
        left = sorted((abs(value) for value in row if value), reverse=True)
        assert left == sorted(map(abs, values), reverse=True)[:keep]


@every_length
def test_rotation_turns_pairs_by_their_position(length: int) -> None:
    """Element i and its partner half a width on turn by t / 10000^(2i/width)."""
    x = Draw(length)(1, length, 2, 12)
    offset, width = 37, 8
    tables = rotary_tables(width, offset, length)
    actual = np.array(apply_rotary(mx.array(x), tables))
    for t in range(length):
        for i in range(width // 2):
            angle = (offset + t) / 10000 ** (2 * i / width)
            a, b = x[0, t, :, i], x[0, t, :, i + width // 2]
            turned = a * math.cos(angle) - b * math.sin(angle)
            partner = b * math.cos(angle) + a * math.sin(angle)
            assert max_difference(actual[0, t, :, i], turned) <= OPERATOR
            assert max_difference(actual[0, t, :, i + width // 2], partner) <= OPERATOR
    assert (actual[..., width:] == x[..., width:]).all()


def test_positions_continue_where_the_last_call_ended() -> None:
    whole, part = rotary_tables(16, 0, 100), rotary_tables(16, 63, 37)
    for a, b in zip(whole, part, strict=True):
        assert max_difference(a[63:], b) == 0
