"""From logits to the next token, in the reference's order."""

import math
import random
from collections.abc import Iterable
from typing import NamedTuple

import mlx.core as mx

from ..contract import Drawn
from ..sampling_settings import GREEDY_BELOW, LARGEST_UNIFORM, SamplingSettings


class Sampler:
    """Draws tokens of one reply and remembers which have occurred.

    Everything stays in MLX's graph, so that a step can be queued before the last
    one is known. Draws depend on the seed and the number of tokens so far only, not
    on the device or on how the prompt was split.
    """

    def __init__(
        self, settings: SamplingSettings, vocab_size: int, tokens: Iterable[int] = ()
    ) -> None:
        self._settings, self.alternatives = settings, settings.alternatives
        self._shift = _biases(settings, vocab_size) if settings.shifts else None
        self._drawn = mx.zeros(vocab_size, dtype=mx.bool_)
        seen = bytearray(vocab_size)
        self._count = 0
        for token in tokens:
            seen[token] = 1
            self._count += 1
        self._seen = mx.array(list(seen), dtype=mx.bool_)

    def __call__(self, logits: mx.array) -> mx.array:
        """The next token, a scalar int array, for logits [V]; it counts as seen."""
        settings = self._settings
        if self._shift is not None:
            logits = logits + self._shift
        token = sample(logits, self._seen, settings, self._uniform())
        here = mx.arange(logits.shape[0]) == token
        self._seen = self._seen | here
        if self._shift is not None:
            first = mx.where(self._drawn, 0.0, settings.presence_penalty)
            taken = mx.where(here, settings.frequency_penalty + first, 0.0)
            self._shift, self._drawn = self._shift - taken, self._drawn | here
        self._count += 1
        return token

    def _uniform(self) -> float:
        return random.Random(f"{self._settings.seed}/{self._count}").random()


class Drawing(NamedTuple):
    """A queued draw; its arrays are scalars, but for the `alternatives` [n]."""

    token: mx.array
    log_probability: mx.array
    finite: mx.array
    alternatives: mx.array | None
    their_log_probabilities: mx.array | None

    def arrays(self) -> list[mx.array]:
        """All that is to be computed."""
        return [array for array in self if array is not None]

    def result(self) -> Drawn:
        """Wait for it; there are no readings."""
        finite = bool(self.finite.item())
        token: int = self.token.item()  # type: ignore[assignment]  # of an integer array
        likely: float = self.log_probability.item()  # type: ignore[assignment]
        if self.alternatives is None or self.their_log_probabilities is None:
            return Drawn(token, likely, finite)
        ids: list[int] = self.alternatives.tolist()  # type: ignore[assignment]
        theirs: list[float] = self.their_log_probabilities.tolist()  # type: ignore[assignment]
        return Drawn(token, likely, finite, None, tuple(zip(ids, theirs, strict=True)))


def draw(sampler: Sampler, logits: mx.array) -> Drawing:
    """Queue the draw of a token from logits [V]."""
    logits = logits.astype(mx.float32)
    token, finite = sampler(logits), mx.isfinite(logits).all()
    total = mx.logsumexp(logits)
    ids = likely = None
    if sampler.alternatives:
        ids = mx.argsort(-logits)[: sampler.alternatives]
        likely = logits[ids] - total
    return Drawing(token, logits[token] - total, finite, ids, likely)


def _biases(settings: SamplingSettings, vocab_size: int) -> mx.array:
    """What `logit_bias` adds to each logit [V]."""
    biases = [0.0] * vocab_size
    for token, bias in settings.logit_bias:
        biases[token] += bias
    return mx.array(biases, dtype=mx.float32)


def sample(
    logits: mx.array, seen: mx.array, settings: SamplingSettings, uniform: float
) -> mx.array:
    """Draw one token by inverting the cumulative distribution.

    Args:
        logits: [V], any float dtype.
        seen: which tokens have occurred [V] bool.
        settings: see `SamplingSettings`.
        uniform: a number in [0, 1).

    Returns:
        The token, a scalar int array.
    """
    logits = penalize(logits.astype(mx.float32), seen, settings.repetition_penalty)
    if settings.temperature < GREEDY_BELOW:
        return mx.argmax(logits)
    # The largest logit becomes 0, so that a small temperature cannot overflow it.
    logits = (logits - logits.max()) / settings.temperature
    kept = filter_logits(logits, settings)
    cumulative = mx.cumsum(mx.softmax(kept))
    uniform = min(uniform, LARGEST_UNIFORM)
    return mx.argmax(cumulative > uniform * cumulative[-1])


def penalize(logits: mx.array, seen: mx.array, penalty: float) -> mx.array:
    """Make the tokens that have occurred less likely; logits [V] float32."""
    if penalty == 1:
        return logits
    penalized = mx.where(logits > 0, logits / penalty, logits * penalty)
    return mx.where(seen, penalized, logits)


def filter_logits(logits: mx.array, settings: SamplingSettings) -> mx.array:
    """Set what top-k, top-p and min-p drop to -inf; logits [V] after temperature."""
    vocab_size = logits.shape[0]
    top = logits
    if 0 < settings.top_k < vocab_size:
        top = mx.topk(logits, settings.top_k)
        logits = mx.where(logits >= top.min(), logits, -mx.inf)
    if settings.top_p < 1:
        # Ties with the k-th make more survivors than `top`; they are its least
        # likely ones, so only the sum over all survivors has to count them.
        top = -mx.sort(-top)
        share = mx.exp(top - mx.logsumexp(logits))
        before = mx.cumsum(share) - share
        threshold = mx.where(before <= settings.top_p, top, mx.inf).min()
        logits = mx.where(logits >= threshold, logits, -mx.inf)
    if settings.min_p > 0:
        threshold = logits.max() + math.log(settings.min_p)
        logits = mx.where(logits >= threshold, logits, -mx.inf)
    return logits
