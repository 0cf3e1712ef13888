"""Questions whose wording and value together are held out or trained."""

import random
from collections.abc import Callable

from .conversation import Conversation, conversation_of, informal, is_held_out


def drawn(
    rng: random.Random, held_out: bool, draw: Callable[[random.Random], tuple[str, str]]
) -> Conversation:
    """A question and its reply; one question in eight, by its words, is held out."""
    while True:
        asked, reply = draw(rng)
        if is_held_out(asked) == held_out:
            return conversation_of(informal(rng, asked), reply)
