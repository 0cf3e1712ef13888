"""What a request to generate must satisfy, the same for every backend."""

from collections.abc import Sequence

from .args import ModelArgs
from .errors import ContextError, TokenError
from .events import FinishReason


def check_request(
    args: ModelArgs,
    offset: int,
    prompt: Sequence[int],
    history: Sequence[int],
    max_tokens: int,
    prefill_step: int,
) -> tuple[int, FinishReason]:
    """How many tokens a reply can have, and why it ends when it has them.

    `offset` counts the tokens the cache has read. Raises what
    `generate_with_progress` of a backend promises.
    """
    if not prompt:
        raise ValueError("The prompt is empty.")
    if max_tokens < 1 or prefill_step < 1:
        raise ValueError("max_tokens and prefill_step must be at least 1.")
    for token in (*history, *prompt):
        if not 0 <= token < args.vocab_size:
            raise TokenError(
                f"Token id {token} is outside the vocabulary of {args.vocab_size}."
            )
    room = args.block_size - offset - len(prompt)
    if room < 1:
        raise ContextError(
            f"{offset + len(prompt)} tokens leave no room for a reply: the "
            f"context of the model holds {args.block_size}."
        )
    last = FinishReason.LENGTH if max_tokens <= room else FinishReason.CONTEXT
    return min(max_tokens, room), last
