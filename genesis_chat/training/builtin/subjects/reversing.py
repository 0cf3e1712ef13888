"""Short words said backwards."""

import random

from ..conversation import Conversation, expected
from ..drawing import drawn
from ..lists.letters import a_word, spelled

NAME = "reversing words"
WEIGHT = 3.5
PROMISED = 0.9
LONGEST = 6
_ASKED = (
    "Reverse _.",
    "Reverse the word _.",
    "What is _ backwards?",
    "Say _ backwards.",
    "Spell _ backwards.",
    "Write _ backwards.",
    "Turn _ around.",
    "What is _ in reverse?",
    "Can you reverse _?",
    "Please reverse _.",
    'Reverse "_".',
    "How is _ spelled backwards?",
    "Read _ from the end.",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A short word to reverse."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    return asked_for(rng, a_word(rng, LONGEST))


def asked_for(rng: random.Random, word: str) -> tuple[str, str]:
    """The question for a word, and the reply."""
    asked = rng.choice(_ASKED).replace("_", word)
    return asked, f"{spelled(word)} backwards is {spelled(word[::-1])}."


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer ends with the word's letters from last to first."""
    reversed_word = expected(conversation).rsplit(" ", 1)[1].strip(".")
    said = answer.casefold().strip().rstrip(".").rsplit(" ", 1)[-1].strip("\"'")
    return said in (reversed_word, reversed_word.replace("-", ""))
