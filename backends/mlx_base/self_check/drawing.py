"""How the kernels that draw a token are used, by every model."""

import mlx.core as mx

from ...sampling_settings import SamplingSettings
from ..largest import sorts_all
from ..nucleus import metal_nucleus, naive_nucleus
from ..sampling import kept_range
from .case import Cases

# Of the probability.
SHARE = 0.9


def drawing_cases(vocab_size: int, scores: int = 1000) -> Cases:
    """Every use of a kernel by drawing from so many tokens, tried with `scores`."""
    found = Cases()
    if sorts_all(vocab_size, vocab_size):
        drawn = mx.random.normal((scores,), key=mx.random.key(0))
        inputs = drawn, mx.exp(drawn - drawn.max()), SHARE
        found.use("nucleus", inputs, metal_nucleus, naive_nucleus, _sorted)
    return found


def _sorted(scores: mx.array, _: mx.array, share: float) -> mx.array:
    settings = SamplingSettings(temperature=1, top_k=0, top_p=share)
    return kept_range(scores, settings)[1]
