"""The generation loop: prefill in steps, then decode one step ahead."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import mlx.core as mx

from ..sampling_settings import SamplingSettings
from . import device
from .cache import Cache
from .errors import ContextError, NonFiniteLogitsError, TokenError
from .model import Model
from .readings import Readings
from .sampling import Sampler
from .steps import Steps

# MLX keeps freed buffers; a long reply would hold on to ever more sizes of them.
CLEAR_EVERY = 256


class FinishReason(StrEnum):
    """Why a reply ended: an end token, `max_tokens`, or a full context."""

    STOP = "stop"
    LENGTH = "length"
    CONTEXT = "context"


@dataclass(frozen=True)
class Prefilled:
    """So many tokens of the prompt have been read; readings of the last ones."""

    done: int
    total: int
    readings: Readings | None = None


@dataclass(frozen=True)
class GeneratedToken:
    """A token and, with the last one, why it is the last.

    `log_probability` is what the model itself gives the token, before any sampling
    setting: natural logarithm, at temperature 1. `readings` are of the step that
    produced it, which read the token before; for the first one see `Prefilled`.
    """

    id: int
    log_probability: float
    finish_reason: FinishReason | None = None
    readings: Readings | None = None


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
    if not prompt:
        raise ValueError("The prompt is empty.")
    if max_tokens < 1 or step < 1:
        raise ValueError("max_tokens and prefill_step must be at least 1.")
    args = model.args
    for token in (*history, *prompt):
        if not 0 <= token < args.vocab_size:
            raise TokenError(
                f"Token id {token} is outside the vocabulary of {args.vocab_size}."
            )
    if cache is None:
        cache = model.make_cache(ttt=False)
    room = args.block_size - cache.offset - len(prompt)
    if room < 1:
        raise ContextError(
            f"{cache.offset + len(prompt)} tokens leave no room for a reply: the "
            f"context of the model holds {args.block_size}."
        )
    sampler = Sampler(settings, args.vocab_size, (*history, *prompt))
    last = FinishReason.LENGTH if max_tokens <= room else FinishReason.CONTEXT
    limit = min(max_tokens, room)
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
