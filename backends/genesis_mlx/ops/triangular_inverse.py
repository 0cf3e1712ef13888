"""The inverse of a triangular matrix, with a gradient."""

from typing import cast

import mlx.core as mx


def triangular_inverse(x: mx.array) -> mx.array:
    """Invert lower triangular matrices, where MLX's own has no gradient.

    Only MLX's CPU inverts a triangle; a GPU uses the operator's kernel.

    Args:
        x: matrices [..., C, C] float32, zeros above the diagonal.

    Returns:
        Inverses [..., C, C] float32. With X = A^-1, a small change dA changes X by
        -X dA X.
    """
    return cast(mx.array, _inverse(x))


@mx.custom_function
def _inverse(x: mx.array) -> mx.array:
    return mx.linalg.tri_inv(x, stream=mx.cpu)


@_inverse.vjp
def _gradient(x: mx.array, cotangent: mx.array, inverse: mx.array) -> mx.array:
    turned = inverse.swapaxes(-1, -2)
    return mx.tril(-(turned @ cotangent @ turned))
