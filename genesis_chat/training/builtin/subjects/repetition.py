"""Saying back what the user says, word for word."""

import random

from ..conversation import Conversation, conversation_of, expected, is_held_out
from ..lists.people import NAMES, invented
from ..lists.words import WORDS

NAME = "repeat after me"
WEIGHT = 6.0
PROMISED = 0.98
MOST_WORDS = 7
# Of the words, the rest are names, invented words and numbers; of the sequences, the
# rest are written as sentences.
_WORDS, _SEQUENCES = 0.7, 0.65
ASKED = (
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
    "Say this: _",
    "Repeat this: _",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One to seven words to say again; one sequence of words in eight is held out."""
    while True:
        words = " ".join(_word(rng) for _ in range(rng.randint(1, MOST_WORDS)))
        if is_held_out(words.casefold()) == held_out:
            break
    if rng.random() > _SEQUENCES:
        words = words[0].upper() + words[1:] + rng.choice(".!.?")
    return conversation_of(rng.choice(ASKED).replace("_", words), words)


def _word(rng: random.Random) -> str:
    if rng.random() < _WORDS:
        return rng.choice(WORDS)
    rare = (rng.choice(NAMES), invented(rng).lower(), str(rng.randint(0, 100)))
    return rng.choice(rare)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is exactly the words."""
    return answer.strip() == expected(conversation)
