"""What a system prompt asks for: capitals, a pirate, politeness, brevity, a name."""

import random
import re

from ..conversation import Conversation, Split, conversation_of, expected
from ..lists.people import NAMES
from ..lists.styles import NAMED, STYLES, Style
from ..lists.talk import GREETING, HOW_ARE_YOU, THANKS, WHO
from ..lists.talk import NAME as NAME_TOPIC
from . import capitals, small_talk, sums

NAME = "system prompts"
WEIGHT = 3.0
PROMISED = 0.98

_NAMES = Split(NAMES)
_TALK = (GREETING, HOW_ARE_YOU, THANKS, WHO)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One to three questions, answered as the system prompt asks.

    Held out are names, and questions that the subjects they come from hold out.
    """
    style = rng.choice(STYLES)
    name = ""
    system = rng.choice(style.prompts)
    if style is NAMED:
        name = _NAMES.choose(rng, held_out)
        system = system.replace("_", name)
    turns: list[str] = []
    for _ in range(rng.choice((0, 0, 1, 2))):
        turns += _exchange(rng, style, name, held_out)
    if name and rng.random() < 0.7:
        said = small_talk.SAID[NAME_TOPIC].choose(rng, held_out)
        turns += said, f"My name is {name}."
    else:
        turns += _exchange(rng, style, name, held_out)
    return conversation_of(*turns, system=system)


def _exchange(
    rng: random.Random, style: Style, name: str, held_out: bool
) -> tuple[str, str]:
    """A question, and its reply in a style."""
    source = rng.random()
    if source < 0.6:
        topic = rng.choice(_TALK)
        said = small_talk.SAID[topic].choose(rng, held_out)
        reply = topic.replies[0]
    else:
        subject = capitals if source < 0.8 else sums
        said, reply = (m.content for m in subject.conversation(rng, held_out))
    if name and "I am Genesis" in reply:
        reply = reply.replace("Genesis", name)
    return said, style.styled(reply)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is the one expected, but for its spaces."""
    return _squeezed(answer) == _squeezed(expected(conversation))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip())
