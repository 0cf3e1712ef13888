"""The generation loop, the same for every model: read the prompt, then draw."""

from collections.abc import Callable, Collection, Generator, Sequence
from typing import Required, TypedDict, Unpack

from .contract import LanguageModel, State, Stepper
from .errors import NonFiniteLogitsError
from .events import FinishReason, GeneratedToken, Prefilled
from .requests import check_request
from .sampling_settings import SamplingSettings


class GenerationOptions(TypedDict, total=False):
    """How to generate; `settings` and `max_tokens` must be said.

    Attributes:
        history: token ids the state has read, for the repetition penalty.
        settings: how to sample; says too in what order the filters are applied.
        max_tokens: most tokens to yield, at least 1.
        stop_ids: token ids that end the reply.
        prefill_step: most tokens to read in one call; None suits the device.
        readings: whether the mixers report what they do, where the model can.
        pause_at: a length of the prompt at which a part of it ends, so that the state
            can be copied there; None is nowhere.
        wrap: given the reply's steps, returns what is asked for them instead.
    """

    history: Sequence[int]
    settings: Required[SamplingSettings]
    max_tokens: Required[int]
    stop_ids: Collection[int]
    prefill_step: int | None
    readings: bool
    pause_at: int | None
    wrap: Callable[[Stepper], Stepper]


def generate(
    model: LanguageModel,
    prompt: Sequence[int],
    state: State | None = None,
    **options: Unpack[GenerationOptions],
) -> Generator[GeneratedToken]:
    """The tokens of `generate_with_progress`, which see, without its progress."""
    events = generate_with_progress(model, prompt, state, **options)
    return (event for event in events if isinstance(event, GeneratedToken))


def generate_with_progress(
    model: LanguageModel,
    prompt: Sequence[int],
    state: State | None = None,
    **options: Unpack[GenerationOptions],
) -> Generator[Prefilled | GeneratedToken]:
    """Read `prompt`, reporting progress, and yield the tokens that follow it.

    The stop token is yielded too, and the last token has a `finish_reason`. Closing
    the iterator stops at once. The state has read every token that another one
    follows; whether it has read the last one, `state.offset` tells. Call from one
    thread only.

    Args:
        model: the model.
        prompt: token ids the state has not read yet, at least one.
        state: what to continue and update; None starts afresh with no switch on.
        options: see `GenerationOptions`.

    Raises:
        ContextError: the prompt leaves no room for a token. Nothing was read.
        TokenError: an id is outside the vocabulary. Nothing was read.
        CacheError: the state is of another backend. Nothing was read.
        NonFiniteLogitsError: the model computed NaN or infinity.
        ValueError: an empty prompt, or `max_tokens` or `prefill_step` below 1.
    """
    history, step = options.get("history", ()), options.get("prefill_step")
    size = model.prefill_step if step is None else step
    if state is None:
        state = model.new_state()
    limit, last = check_request(
        model.vocab_size,
        model.context,
        state.offset,
        prompt,
        history,
        options["max_tokens"],
        size,
    )
    readings = options.get("readings", False) and model.features.readings
    stepper = model.stepper(state, options["settings"], (*history, *prompt), readings)
    if wrap := options.get("wrap"):
        stepper = wrap(stepper)
    stop_ids = frozenset(options.get("stop_ids", ()))
    ends = _ends(len(prompt), size, options.get("pause_at"))
    return _run(stepper, prompt, limit, last, stop_ids, ends)


def _ends(length: int, size: int, pause_at: int | None) -> list[int]:
    """Where the parts end in which a prompt is read."""
    ends = {*range(size, length, size), length}
    if pause_at is not None and 0 < pause_at < length:
        ends.add(pause_at)
    return sorted(ends)


def _run(
    stepper: Stepper,
    prompt: Sequence[int],
    limit: int,
    at_limit: FinishReason,
    stop_ids: frozenset[int],
    ends: Sequence[int],
) -> Generator[Prefilled | GeneratedToken]:
    start = 0
    for end in ends:
        readings = stepper.read(prompt[start:end])
        start = end
        yield Prefilled(end, len(prompt), readings)
    following = stepper.draw()
    for count in range(1, limit + 1):
        step, goes_on = following, count < limit
        if goes_on and stepper.runs_ahead:
            following = stepper.follow()
        token, log_probability, finite, readings, alternatives = step.result()
        if not finite:
            raise NonFiniteLogitsError(
                f"The model computed numbers that are not finite after "
                f"{count - 1} tokens of the reply."
            )
        reason = None if goes_on else at_limit
        if token in stop_ids:
            reason = FinishReason.STOP
        yield GeneratedToken(token, log_probability, reason, readings, alternatives)
        if reason is not None:
            return
        if not stepper.runs_ahead:
            following = stepper.follow()
