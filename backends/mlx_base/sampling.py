"""From logits to the next token, in the reference's order."""

import math
import random
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import mlx.core as mx

from ..contract import Drawn
from ..sampling_settings import GREEDY_BELOW, LARGEST_UNIFORM, SamplingSettings
from .fusing import Fused
from .kernels import chosen
from .largest import largest, places_of_largest, sorts_all
from .nucleus import Nucleus, nucleus_by

# What has occurred: `seen` [V] bool; where something is added to logits, also `shift`
# [V] float32, what it is, and `drawn` [V] bool, without the prompt.
Occurred = dict[str, mx.array]


class Sampler:
    """Draws tokens of one reply and remembers which have occurred.

    Everything stays in MLX's graph, so that a step can be queued before the last
    one is known. Draws depend on the seed and the number of tokens so far only, not
    on the device or on how the prompt was split. Attributes: `settings`, `occurred`.
    """

    def __init__(
        self, settings: SamplingSettings, vocab_size: int, tokens: Iterable[int] = ()
    ) -> None:
        self.settings = settings
        seen = bytearray(vocab_size)
        self._count = 0
        for token in tokens:
            seen[token] = 1
            self._count += 1
        self.occurred = {"seen": mx.array(list(seen), dtype=mx.bool_)}
        if settings.shifts:
            self.occurred["shift"] = _biases(settings, vocab_size)
            self.occurred["drawn"] = mx.zeros(vocab_size, dtype=mx.bool_)

    def __call__(self, logits: mx.array) -> mx.array:
        """The next token, a scalar int array, for logits [V]; it counts as seen."""
        token, occurred = next_token(
            logits, self.occurred, self.settings, self.uniform()
        )
        self.advance(occurred)
        return token

    def copy(self) -> "Sampler":
        """One that goes on alike, by itself."""
        other = Sampler.__new__(Sampler)
        other.become(self)
        return other

    def become(self, other: "Sampler") -> None:
        """Go on as another one would."""
        self.settings, self._count = other.settings, other._count
        self.occurred = other.occurred

    def uniform(self) -> mx.array:
        """The number in [0, 1) that draws the next token, float32 [1]."""
        drawn = random.Random(f"{self.settings.seed}/{self._count}").random()
        return mx.array([min(drawn, LARGEST_UNIFORM)])

    def advance(self, occurred: Occurred) -> None:
        """A token has been drawn; the next is drawn with another number."""
        self.occurred = occurred
        self._count += 1


class Drawing(NamedTuple):
    """A queued draw; its arrays are scalars, but for the `alternatives` [n]."""

    token: mx.array
    log_probability: mx.array
    finite: mx.array
    alternatives: mx.array | None = None
    their_log_probabilities: mx.array | None = None

    def arrays(self) -> list[mx.array]:
        """All that is to be computed; of them `Drawing(*arrays)` is one again."""
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
    occurred, uniform = sampler.occurred, sampler.uniform()
    drawing, occurred = drawn(
        logits, occurred, sampler.settings, uniform, nucleus_by(chosen())
    )
    sampler.advance(occurred)
    return drawing


def drawn(
    logits: mx.array,
    occurred: Occurred,
    settings: SamplingSettings,
    uniform: mx.array,
    nucleus: Nucleus | None = None,
) -> tuple[Drawing, Occurred]:
    """The draw of a token from logits [V] by a number, see `Sampler.uniform`."""
    logits = logits.astype(mx.float32)
    token, occurred = next_token(logits, occurred, settings, uniform, nucleus)
    finite, total = _finite(logits).all(), mx.logsumexp(logits)
    ids = likely = None
    if settings.alternatives:
        count = min(settings.alternatives, logits.shape[0])
        ids = places_of_largest(logits, count)
        likely = logits[ids] - total
    return Drawing(token, logits[token] - total, finite, ids, likely), occurred


def next_token(
    logits: mx.array,
    occurred: Occurred,
    settings: SamplingSettings,
    uniform: mx.array,
    nucleus: Nucleus | None = None,
) -> tuple[mx.array, Occurred]:
    """The token that a number draws, a scalar, and what has occurred with it."""
    if "shift" in occurred:
        logits = logits + occurred["shift"]
    token = sample(logits, occurred["seen"], settings, uniform, nucleus)
    ids = _ids(logits.shape[0])
    after = {"seen": _with(occurred["seen"], ids, token)}
    if "shift" in occurred:
        after["drawn"] = _with(occurred["drawn"], ids, token)
        penalties = settings.presence_penalty, settings.frequency_penalty
        after["shift"] = _shifted(
            occurred["shift"], occurred["drawn"], ids, token, *penalties
        )
    return token, after


def sample(
    logits: mx.array,
    seen: mx.array,
    settings: SamplingSettings,
    uniform: mx.array,
    nucleus: Nucleus | None = None,
) -> mx.array:
    """Draw one token by inverting the cumulative distribution.

    Args:
        logits: [V], any float dtype.
        seen: which tokens have occurred [V] bool.
        settings: see `SamplingSettings`.
        uniform: a number in [0, 1) that float32 does not round to 1, [1].
        nucleus: what is used where all of the vocabulary would be sorted.

    Returns:
        The token, a scalar int array.
    """
    scores = penalize(logits.astype(mx.float32), seen, settings.repetition_penalty)
    if settings.temperature < GREEDY_BELOW:
        return mx.argmax(scores)
    highest, lowest = kept_range(scores, settings, nucleus)
    # The largest becomes 1, so that a small temperature cannot overflow it.
    powers = _powers(scores, highest, lowest, settings.temperature)
    cumulative = mx.cumsum(powers)
    return mx.argmax(_exceeds(cumulative, cumulative[-1:], uniform))


def penalize(logits: mx.array, seen: mx.array, penalty: float) -> mx.array:
    """Make the tokens that have occurred less likely; logits [V] float32."""
    return logits if penalty == 1 else _penalized(logits, seen, penalty)


def kept_range(
    scores: mx.array, settings: SamplingSettings, nucleus: Nucleus | None = None
) -> tuple[mx.array, mx.array]:
    """The largest score and the least that top-k, top-p and min-p keep, both [1].

    Scores [V] float32 are logits before they are divided by the temperature. Where all
    of them would be sorted, `nucleus` is used if there is one.
    """
    count = min(settings.top_k or scores.shape[0], scores.shape[0])
    if nucleus is not None and sorts_all(scores.shape[0], count):
        highest, lowest = _selected_range(scores, settings, nucleus)
    else:
        highest, lowest = _sorted_range(scores, settings, count)
    if settings.min_p > 0:
        least = highest + math.log(settings.min_p) * settings.temperature
        lowest = mx.maximum(lowest, least)
    return highest, lowest


def _selected_range(
    scores: mx.array, settings: SamplingSettings, nucleus: Nucleus
) -> tuple[mx.array, mx.array]:
    """The largest score and the least that top-k and top-p keep, both [1]."""
    highest, lowest = scores.max(keepdims=True), mx.array([-math.inf])
    if 0 < settings.top_k < scores.shape[0]:
        # Of equal weights, those of one less and a half are above the k-th.
        share = (settings.top_k - 0.5) / scores.shape[0]
        lowest = nucleus(scores, mx.ones(scores.shape), share)
    if settings.top_p < 1:
        powers = _powers(scores, highest, lowest, settings.temperature)
        lowest = nucleus(scores, powers, settings.top_p)
    return highest, lowest


def _sorted_range(
    scores: mx.array, settings: SamplingSettings, count: int
) -> tuple[mx.array, mx.array]:
    """The same, of the `count` largest in their order."""
    temperature = settings.temperature
    top = None
    if count < scores.shape[0] or settings.top_p < 1:
        top = largest(scores, count)
    highest = scores.max(keepdims=True) if top is None else top[:1]
    lowest = mx.array([-math.inf]) if top is None else top[-1:]
    if top is not None and settings.top_p < 1:
        # Ties with the k-th make more survivors than `top`; they are its least
        # likely ones, so only the sum over all survivors has to count them.
        whole = _powers(scores, highest, lowest, temperature).sum(keepdims=True)
        shares = _shares(top, highest, whole, temperature)
        before = mx.cumsum(shares)
        lowest = _crossing(top, before, shares, settings.top_p).min(keepdims=True)
    return highest, lowest


def _biases(settings: SamplingSettings, vocab_size: int) -> mx.array:
    """What `logit_bias` adds to each logit [V]."""
    biases = [0.0] * vocab_size
    for token, bias in settings.logit_bias:
        biases[token] += bias
    return mx.array(biases, dtype=mx.float32)


@lru_cache(maxsize=4)
def _ids(vocab_size: int) -> mx.array:
    ids = mx.arange(vocab_size)
    mx.eval(ids)
    return ids


@Fused
def _penalized(logits: mx.array, seen: mx.array, penalty: float) -> mx.array:
    penalized = mx.where(logits > 0, logits / penalty, logits * penalty)
    return mx.where(seen, penalized, logits)


@Fused
def _powers(
    scores: mx.array, highest: mx.array, lowest: mx.array, temperature: float
) -> mx.array:
    powers = mx.exp((scores - highest) / temperature)
    return mx.where(scores >= lowest, powers, 0.0)


@Fused
def _shares(
    top: mx.array, highest: mx.array, whole: mx.array, temperature: float
) -> mx.array:
    return mx.exp((top - highest) / temperature) / whole


@Fused
def _crossing(
    top: mx.array, sums: mx.array, shares: mx.array, top_p: float
) -> mx.array:
    return mx.where(sums - shares <= top_p, top, mx.inf)


@Fused
def _exceeds(cumulative: mx.array, whole: mx.array, uniform: mx.array) -> mx.array:
    return cumulative > uniform * whole


@Fused
def _finite(x: mx.array) -> mx.array:
    return mx.isfinite(x)


@Fused
def _shifted(
    shift: mx.array,
    drawn: mx.array,
    ids: mx.array,
    token: mx.array,
    presence: float,
    frequency: float,
) -> mx.array:
    taken = frequency + mx.where(drawn, 0.0, presence)
    return shift - mx.where(ids == token, taken, 0.0)


@Fused
def _with(seen: mx.array, ids: mx.array, token: mx.array) -> mx.array:
    return seen | (ids == token)
