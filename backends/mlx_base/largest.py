"""The largest numbers of many, without sorting all of them."""

import mlx.core as mx

# What MLX sorts in one threadgroup of a GPU; more is a dozen kernels.
ROW = 2048


def largest(x: mx.array, count: int) -> mx.array:
    """The `count` largest of x [N], the largest first; 0 < count <= N."""
    size = x.shape[0]
    rows = size // ROW
    # Nothing is lost from a row if it may hold all of them.
    if size > ROW and count <= ROW // 2:
        parts = [x[: rows * ROW].reshape(rows, ROW)]
        if size > rows * ROW:
            parts.append(x[rows * ROW :][None])
        ends = [mx.sort(part)[:, -count:].reshape(-1) for part in parts]
        return largest(mx.concatenate(ends), count)
    return mx.sort(x)[::-1][:count]
