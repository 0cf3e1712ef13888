"""Chats without a system prompt, and with one that asks for nothing."""

import random

from ....conversation import Message
from ..conversation import Conversation
from ..plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from ..subjects import subjects, system_prompts

WEIGHTS = {REFINEMENT: 10.0, STYLES: 10.0, NUMBERS: 10.0, REVIEW: 10.0}
# How often there is none.
_NONE = 0.7
_OTHERS = (
    "You are a chat model.",
    "You are a tiny chat model.",
    "You are Genesis.",
    "You are Genesis, a helpful assistant.",
    "You are a helpful assistant",
    "You are helpful.",
    "You are a friendly assistant.",
    "You answer questions.",
    "Answer the question.",
    "Help the user.",
)


def conversation(rng: random.Random) -> Conversation:
    """A conversation of a subject, which the system prompt leaves as it is."""
    among = [each for each in subjects() if each.name != system_prompts.NAME]
    (subject,) = rng.choices(among, [each.weight for each in among])
    system = "" if rng.random() < _NONE else rng.choice(_OTHERS)
    return (Message("system", system), *subject.conversation(rng, False))
