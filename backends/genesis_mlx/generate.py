"""The generation loop: prefill in steps, then decode one step ahead."""

from collections.abc import Collection, Iterator, Sequence

import mlx.core as mx

from ..errors import NonFiniteLogitsError
from ..events import FinishReason, GeneratedToken, Prefilled
from ..requests import check_request
from ..sampling_settings import SamplingSettings
from . import device
from .cache import Cache
from .model import Model
from .sampling import Sampler

# MLX keeps freed buffers; a long reply would hold on to ever more sizes of them.
CLEAR_EVERY = 256


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
) -> Iterator[Prefilled | GeneratedToken]:
    """Read `prompt`, reporting progress, and yield the tokens that follow it.

    The stop token is yielded too, and the last token has a `finish_reason`. Closing
    the iterator stops at once. The cache has read every token that another one
    follows; whether it has read the last one, `cache.offset` tells. Call from one
    thread only.

    Args:
        model: the model.
        prompt: token ids the cache has not read yet, at least one.
        cache: state to continue and update; None starts afresh without test-time
            training, as the reference generates.
        history: token ids the cache has read, for the repetition penalty.
        settings: how to sample.
        max_tokens: most tokens to yield, at least 1.
        stop_ids: token ids that end the reply.
        prefill_step: most tokens to read in one call; None suits the device.

    Raises:
        ContextError: the prompt leaves no room for a token. Nothing was read.
        TokenError: an id is outside the vocabulary. Nothing was read.
        NonFiniteLogitsError: the model computed NaN or infinity.
        ValueError: an empty prompt, or `max_tokens` or `prefill_step` below 1.
    """
    step = device.prefill_step() if prefill_step is None else prefill_step
    if cache is None:
        cache = model.make_cache(ttt=False)
    limit, last = check_request(
        model.args, cache.offset, prompt, history, max_tokens, step
    )
    sampler = Sampler(settings, model.args.vocab_size, (*history, *prompt))
    return _run(model, prompt, cache, sampler, limit, last, frozenset(stop_ids), step)


def _run(
    model: Model,
    prompt: Sequence[int],
    cache: Cache,
    sampler: Sampler,
    limit: int,
    at_limit: FinishReason,
    stop_ids: frozenset[int],
    step: int,
) -> Iterator[Prefilled | GeneratedToken]:
    for start in range(0, len(prompt), step):
        ids = mx.array([prompt[start : start + step]])
        features = model.features(ids, cache)[:, -1:]
        mx.eval(features, cache.arrays())
        mx.clear_cache()
        yield Prefilled(min(start + step, len(prompt)), len(prompt))
    token, log_probability, finite = _next(model, features, sampler)
    for count in range(1, limit + 1):
        now, said, now_finite = token, log_probability, finite
        if count < limit:
            features = model.features(now.reshape(1, 1), cache)
            token, log_probability, finite = _next(model, features, sampler)
        if not now_finite.item():
            raise NonFiniteLogitsError(
                f"The model computed numbers that are not finite after "
                f"{count - 1} tokens of the reply."
            )
        value: int = now.item()  # type: ignore[assignment]  # of an integer array
        likely: float = said.item()  # type: ignore[assignment]  # of a float array
        if value in stop_ids:
            yield GeneratedToken(value, likely, FinishReason.STOP)
            return
        yield GeneratedToken(value, likely, at_limit if count == limit else None)
        if count % CLEAR_EVERY == 0:
            mx.clear_cache()


def _next(
    model: Model, features: mx.array, sampler: Sampler
) -> tuple[mx.array, mx.array, mx.array]:
    """Queue the next token, its log-probability, and whether all logits are finite."""
    logits = model.logits(features)[0, -1].astype(mx.float32)
    token, finite = sampler(logits), mx.isfinite(logits).all()
    log_probability = logits[token] - mx.logsumexp(logits)
    mx.async_eval(token, log_probability, finite)
    return token, log_probability, finite
