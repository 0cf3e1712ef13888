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
from .steps import Steps

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
    readings: bool = False,
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
        readings: whether the mixers report what they do.

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
    steps = Steps(model, cache, sampler, readings)
    return _run(steps, prompt, limit, last, frozenset(stop_ids), step)


def _run(
    steps: Steps,
    prompt: Sequence[int],
    limit: int,
    at_limit: FinishReason,
    stop_ids: frozenset[int],
    size: int,
) -> Iterator[Prefilled | GeneratedToken]:
    for start in range(0, len(prompt), size):
        features, readings = steps.read(prompt[start : start + size])
        yield Prefilled(min(start + size, len(prompt)), len(prompt), readings)
    following = steps.draw(features)
    for count in range(1, limit + 1):
        now = following
        if count < limit:
            following = steps.follow(now.token)
        if not now.finite.item():
            raise NonFiniteLogitsError(
                f"The model computed numbers that are not finite after "
                f"{count - 1} tokens of the reply."
            )
        value: int = now.token.item()  # type: ignore[assignment]  # of an integer array
        likely: float = now.log_probability.item()  # type: ignore[assignment]
        readings = now.readings.read() if now.readings else None
        stopped = value in stop_ids
        reason = at_limit if count == limit else None
        reason = FinishReason.STOP if stopped else reason
        yield GeneratedToken(value, likely, reason, readings)
        if stopped:
            return
        if count % CLEAR_EVERY == 0:
            mx.clear_cache()
