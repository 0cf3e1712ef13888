"""Words spelled letter by letter."""

import random

from ..conversation import Conversation, expected
from ..drawing import drawn
from ..lists.letters import a_word, spelled

NAME = "spelling"
WEIGHT = 4.0
PROMISED = 0.9
_LONGEST = 10
_ASKED = (
    "Spell _.",
    "Spell the word _.",
    "How do you spell _?",
    "How is _ spelled?",
    "Can you spell _?",
    "Please spell _.",
    "Spell _ for me.",
    'How do you spell "_"?',
    "What are the letters of _?",
    "What is the spelling of _?",
    "Spell: _",
    'Spell "_".',
    "How do I write _?",
    "Spell it out: _",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A word to spell."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    return asked_for(rng, a_word(rng, _LONGEST))


def asked_for(rng: random.Random, word: str) -> tuple[str, str]:
    """The question for a word, and the reply."""
    return rng.choice(_ASKED).replace("_", word), spelled(word)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is the letters in their order."""
    return answer.casefold().strip().rstrip(".") == expected(conversation)
