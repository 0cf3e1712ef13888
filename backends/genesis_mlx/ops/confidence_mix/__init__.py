"""Metacognition: test-time training mixed in by the confidence in it."""

import mlx.core as mx

from .kernel import metal_confidence_mix
from .naive import Mixture, naive_confidence_mix

__all__ = ["Mixture", "confidence_mix", "metal_confidence_mix", "naive_confidence_mix"]


def confidence_mix(
    x: mx.array,
    adapted: mx.array,
    expected: mx.array,
    logit: mx.array,
    confidence_sum: mx.array | None,
    offset: int | mx.array,
    strength: float,
    kernels: frozenset[str] = frozenset(),
) -> Mixture:
    """Mix by the mean confidence; see `naive_confidence_mix` for the arguments.

    `confidence_sum` may be None, for zeros; `kernels` names the Metal kernels to use,
    whose offset is one for all texts.
    """
    if confidence_sum is None:
        confidence_sum = mx.zeros((x.shape[0],))
    inputs = (x, adapted, expected, logit, confidence_sum, offset, strength)
    if "confidence_mix" in kernels:
        return Mixture(*metal_confidence_mix(*inputs))
    return naive_confidence_mix(*inputs)
