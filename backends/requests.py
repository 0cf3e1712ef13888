"""What a request to generate must satisfy, the same for every model."""

from collections.abc import Sequence

from .errors import ContextError, TokenError
from .events import FinishReason


def check_request(
    vocab_size: int,
    context: int,
    offset: int,
    prompt: Sequence[int],
    history: Sequence[int],
    max_tokens: int,
    prefill_step: int,
) -> tuple[int, FinishReason]:
    """How many tokens a reply can have, and why it ends when it has them.

    `offset` counts the tokens the state has read. Raises what
    `generation.generate_with_progress` promises.
    """
    if not prompt:
        raise ValueError("The prompt is empty.")
    if max_tokens < 1 or prefill_step < 1:
        raise ValueError("max_tokens and prefill_step must be at least 1.")
    for ids in (history, prompt):
        low, high = min(ids, default=0), max(ids, default=0)
        if low < 0 or high >= vocab_size:
            token = low if low < 0 else high
            raise TokenError(
                f"Token id {token} is outside the vocabulary of {vocab_size}."
            )
    room = context - offset - len(prompt)
    if room < 1:
        raise ContextError(
            f"{offset + len(prompt)} tokens leave no room for a reply: the "
            f"context of the model holds {context}."
        )
    last = FinishReason.LENGTH if max_tokens <= room else FinishReason.CONTEXT
    return min(max_tokens, room), last
