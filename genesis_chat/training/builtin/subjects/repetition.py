"""Saying back what the user says, word for word."""

import random

from ..conversation import Conversation, conversation_of, expected, is_held_out
from ..lists.words import WORDS

NAME = "repeat after me"
WEIGHT = 3.0
PROMISED = 0.98
MOST_WORDS = 6
_ASKED = (
    "Repeat after me: _",
    "Repeat: _",
    "Say: _",
    "Please repeat: _",
    "Please say: _",
    "Repeat these words: _",
    "Say after me: _",
    "Can you repeat this? _",
    "repeat after me: _",
    "Echo: _",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One to six words to say again; one sequence of words in eight is held out."""
    while True:
        words = " ".join(rng.choices(WORDS, k=rng.randint(1, MOST_WORDS)))
        if is_held_out(words) == held_out:
            return conversation_of(rng.choice(_ASKED).replace("_", words), words)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is exactly the words."""
    return answer.strip() == expected(conversation)
