"""From logits to the next token: the MLX backend's steps, on the few that matter."""

import math
import random
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..sampling_settings import GREEDY_BELOW, LARGEST_UNIFORM, SamplingSettings
from ..stored_tensors import Float32

Ids = NDArray[np.int64]
# Entries whose maximum stands for them when the largest are looked for.
GROUP = 64


class Sampler:
    """Draws tokens of one reply and remembers which have occurred.

    Draws depend on the seed and the number of tokens so far only, not on how the
    prompt was split.
    """

    def __init__(
        self, settings: SamplingSettings, vocab_size: int, tokens: Iterable[int] = ()
    ) -> None:
        self._settings, self.alternatives = settings, settings.alternatives
        self._shift = np.zeros(vocab_size, np.float32) if settings.shifts else None
        for token, bias in settings.logit_bias:
            assert self._shift is not None
            self._shift[token] += bias
        self._drawn: set[int] = set()
        self._seen = np.zeros(vocab_size, np.bool_)
        self._count = 0
        for token in tokens:
            self._add(token)

    def __call__(self, logits: Float32) -> int:
        """The next token for logits [V]; it counts as seen."""
        uniform = random.Random(f"{self._settings.seed}/{self._count}").random()
        if self._shift is not None:
            logits = logits + self._shift
        token = sample(logits, self._seen, self._settings, uniform)
        self._add(token)
        if self._shift is not None:
            first = 0 if token in self._drawn else self._settings.presence_penalty
            self._shift[token] -= self._settings.frequency_penalty + first
            self._drawn.add(token)
        return token

    def _add(self, token: int) -> None:
        self._seen[token] = True
        self._count += 1


def sample(
    logits: Float32, seen: NDArray[np.bool_], settings: SamplingSettings, uniform: float
) -> int:
    """Draw one token by inverting the cumulative distribution.

    Args:
        logits: [V].
        seen: which tokens have occurred [V].
        settings: see `SamplingSettings`.
        uniform: a number in [0, 1).
    """
    logits = penalize(logits, seen, settings.repetition_penalty)
    if settings.temperature < GREEDY_BELOW:
        return int(logits.argmax())
    ids, kept = survivors(logits, settings)
    cumulative = np.cumsum(softmax(kept))
    below = np.float32(min(uniform, LARGEST_UNIFORM)) * cumulative[-1]
    return int(ids[np.argmax(cumulative > below)])


def penalize(logits: Float32, seen: NDArray[np.bool_], penalty: float) -> Float32:
    """Make the tokens that have occurred less likely; logits [V]."""
    if penalty == 1:
        return logits
    ids = np.flatnonzero(seen)
    values = logits[ids]
    penalized = logits.copy()
    factor = np.float32(penalty)
    penalized[ids] = np.where(values > 0, values / factor, values * factor)
    return penalized


def survivors(logits: Float32, settings: SamplingSettings) -> tuple[Ids, Float32]:
    """What top-k, top-p and min-p leave of logits [V]: ids, ascending, and logits.

    The logits are those after the temperature, the largest being 0.
    """
    ids = largest(logits, settings.top_k)
    # The largest becomes 0, so that a small temperature cannot overflow it.
    kept = (logits[ids] - logits.max()) / np.float32(settings.temperature)
    if settings.top_p < 1:
        top = -np.sort(-kept)
        share = np.exp(top) / np.exp(kept).sum()
        before = np.cumsum(share) - share
        keep = kept >= top[before <= np.float32(settings.top_p)].min()
        ids, kept = ids[keep], kept[keep]
    if settings.min_p > 0:
        keep = kept >= np.float32(math.log(settings.min_p))
        ids, kept = ids[keep], kept[keep]
    return ids, kept


def largest(logits: Float32, count: int) -> Ids:
    """Ids of the `count` largest logits [V], ascending, ties included; 0 is all.

    At least `count` groups have a maximum no smaller than the `count`-th largest of
    the groups' maxima, so no entry below that needs to be looked at.
    """
    size = logits.shape[0]
    if not 0 < count < size:
        return np.arange(size)
    candidates = np.arange(size)
    whole = size // GROUP * GROUP
    maxima = logits[:whole].reshape(-1, GROUP).max(axis=1)
    if len(maxima) > count:
        floor = np.partition(maxima, len(maxima) - count)[len(maxima) - count]
        candidates = np.flatnonzero(logits >= floor)
    values = logits[candidates]
    border = np.partition(values, len(values) - count)[len(values) - count]
    found: Ids = candidates[values >= border]
    return found


def likeliest(
    logits: Float32, count: int, log_total: float
) -> tuple[tuple[int, float], ...]:
    """Ids of the `count` largest logits [V] with their log probabilities.

    `log_total` is the logarithm of the sum of all exponentials.
    """
    if not count:
        return ()
    ids = largest(logits, count)
    ids = ids[np.argsort(-logits[ids], kind="stable")][:count]
    return tuple((int(each), float(logits[each] - log_total)) for each in ids)


def softmax(logits: Float32) -> Float32:
    """Probabilities [n]."""
    powers = np.exp(logits - logits.max())
    shares: Float32 = powers / powers.sum()
    return shares
