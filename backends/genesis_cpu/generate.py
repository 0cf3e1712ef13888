"""The generation loop: prefill in steps, then one compiled step per token."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from ..errors import NonFiniteLogitsError
from ..events import FinishReason, GeneratedToken, Prefilled, Readings
from ..requests import check_request
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .model import Model
from .readings import Taps
from .sampling import Sampler
from .tensors import Float32

# Tokens to read in one call: as many as can be interrupted within a second.
PREFILL_STEP = 512


def generate(
    model: Model,
    prompt: Sequence[int],
    *,
    cache: Cache | None = None,
    history: Sequence[int] = (),
    settings: SamplingSettings,
    max_tokens: int,
    stop_ids: Collection[int] = (),
    prefill_step: int | None = None,
) -> Iterator[GeneratedToken]:
    """The tokens of `generate_with_progress`, which see, without its progress."""
    events = generate_with_progress(
        model,
        prompt,
        cache=cache,
        history=history,
        settings=settings,
        max_tokens=max_tokens,
        stop_ids=stop_ids,
        prefill_step=prefill_step,
    )
    return (event for event in events if isinstance(event, GeneratedToken))


def generate_with_progress(
    model: Model,
    prompt: Sequence[int],
    *,
    cache: Cache | None = None,
    history: Sequence[int] = (),
    settings: SamplingSettings,
    max_tokens: int,
    stop_ids: Collection[int] = (),
    prefill_step: int | None = None,
    readings: bool = False,
) -> Iterator[Prefilled | GeneratedToken]:
    """Read `prompt`, reporting progress, and yield the tokens that follow it.

    The stop token is yielded too, and the last token has a `finish_reason`. Closing
    the iterator stops at once. The cache has read every token that another one
    follows; whether it has read the last one, `cache.offset` tells.

    Args:
        model: the model.
        prompt: token ids the cache has not read yet, at least one.
        cache: state to continue and update; None starts afresh without test-time
            training, as the reference generates.
        history: token ids the cache has read, for the repetition penalty.
        settings: how to sample.
        max_tokens: most tokens to yield, at least 1.
        stop_ids: token ids that end the reply.
        prefill_step: most tokens to read in one call; None is 512.
        readings: whether the mixers report what they do.

    Raises:
        ContextError: the prompt leaves no room for a token. Nothing was read.
        TokenError: an id is outside the vocabulary. Nothing was read.
        NonFiniteLogitsError: the model computed NaN or infinity.
        ValueError: an empty prompt, or `max_tokens` or `prefill_step` below 1.
    """
    step = PREFILL_STEP if prefill_step is None else prefill_step
    if cache is None:
        cache = model.make_cache(ttt=False)
    limit, last = check_request(
        model.args, cache.offset, prompt, history, max_tokens, step
    )
    sampler = Sampler(settings, model.args.vocab_size, (*history, *prompt))
    steps = _Steps(model, cache, readings)
    return _run(steps, prompt, sampler, limit, last, frozenset(stop_ids), step)


class _Steps:
    """Runs the model, and reads the mixers if asked to."""

    def __init__(self, model: Model, cache: Cache, readings: bool) -> None:
        self.model, self._cache, self._readings = model, cache, readings

    def read(self, ids: Sequence[int]) -> tuple[Float32, Readings | None]:
        """The last hidden vector [1, D] of a part of the prompt."""
        taps = self._taps(len(ids))
        features = self.model.features(np.array(ids), self._cache, taps)
        return features, taps.read(self._cache)

    def follow(self, token: int) -> tuple[Float32, Readings | None]:
        """The logits [V] after one more token."""
        taps = self._taps(1)
        logits = self.model.step(token, self._cache, taps)
        return logits, taps.read(self._cache)

    def _taps(self, tokens: int) -> Taps:
        if not self._readings:
            return Taps.none()
        return Taps.of(self.model.args, tokens, self._cache.ttt)


def _run(
    steps: _Steps,
    prompt: Sequence[int],
    sampler: Sampler,
    limit: int,
    at_limit: FinishReason,
    stop_ids: frozenset[int],
    size: int,
) -> Iterator[Prefilled | GeneratedToken]:
    for start in range(0, len(prompt), size):
        features, readings = steps.read(prompt[start : start + size])
        yield Prefilled(min(start + size, len(prompt)), len(prompt), readings)
    logits, readings = steps.model.logits(features), None
    for count in range(1, limit + 1):
        log_total = _log_total(logits, count)
        token = sampler(logits)
        likely = float(logits[token] - log_total)
        stopped = token in stop_ids
        reason = at_limit if count == limit else None
        reason = FinishReason.STOP if stopped else reason
        yield GeneratedToken(token, likely, reason, readings)
        if stopped:
            return
        if count < limit:
            logits, readings = steps.follow(token)


def _log_total(logits: Float32, count: int) -> np.float32:
    """log(sum(exp(logits))); raises `NonFiniteLogitsError`."""
    highest = logits.max()
    # A NaN anywhere is the maximum and the minimum.
    if not np.isfinite(highest) or not np.isfinite(logits.min()):
        raise NonFiniteLogitsError(
            f"The model computed numbers that are not finite after "
            f"{count - 1} tokens of the reply."
        )
    log_total: np.float32 = highest + np.log(np.exp(logits - highest).sum())
    return log_total
