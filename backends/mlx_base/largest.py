"""The largest numbers of many, without sorting all of them."""

from collections.abc import Callable

import mlx.core as mx

# What MLX sorts in one threadgroup of a GPU; more is a dozen kernels.
ROW = 2048


def sorts_all(size: int, count: int) -> bool:
    """Whether the `count` largest of so many take a sort of all, in many kernels."""
    return size > ROW and count > ROW // 2


def largest(x: mx.array, count: int) -> mx.array:
    """The `count` largest of x [N], the largest first; 0 < count <= N."""
    if x.shape[0] > ROW and count <= ROW // 2:
        ends = _by_rows(x, lambda part, _: mx.sort(part)[:, -count:])
        return largest(ends, count)
    return mx.sort(x)[::-1][:count]


def places_of_largest(x: mx.array, count: int) -> mx.array:
    """Indices of the `count` largest of x [N], of equal ones the first."""
    if x.shape[0] > ROW and count <= ROW // 2:

        def ends(part: mx.array, start: int) -> mx.array:
            starts = mx.arange(part.shape[0])[:, None] * part.shape[1] + start
            # MLX sorts stably: of equal numbers the first stays first.
            return mx.argsort(-part)[:, :count].astype(mx.int32) + starts

        found = _by_rows(x, ends)
        return found[places_of_largest(x[found], count)]
    return mx.argsort(-x)[:count].astype(mx.int32)


def _by_rows(x: mx.array, function: Callable[[mx.array, int], mx.array]) -> mx.array:
    """A function of rows [R, ROW] and of the rest [1, n], joined.

    Nothing is lost from a row if the function keeps as many of it as are wanted. It
    also gets where the rows begin.
    """
    whole = x.shape[0] // ROW * ROW
    parts = [function(x[:whole].reshape(-1, ROW), 0)]
    if x.shape[0] > whole:
        parts.append(function(x[whole:][None], whole))
    return mx.concatenate([part.reshape(-1) for part in parts])
