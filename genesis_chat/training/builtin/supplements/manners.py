"""Small talk in every style, praise and partings in more wordings."""

import random

from ..conversation import Conversation, conversation_of
from ..lists.styles import NAMED
from ..lists.talk import TOPICS, Topic, topic
from ..plan import REVIEW
from ..subjects import small_talk
from .styled import ALL_PROMPTS
from .talk import MORE_TOPICS

WEIGHTS = {REVIEW: 25.0}
_STYLES = tuple(style for style in ALL_PROMPTS if style is not NAMED)
_PRAISE = (
    *("Good answer.", "Nice answer!", "Good reply.", "What a good answer!"),
    *("That is a good answer.", "I like your answer.", "Very nice.", "Very well done."),
    *("That is very good.", "Excellent!", "Perfect!", "Wonderful!", "Good work."),
    *("You did well.", "You are great.", "Brilliant!", "Not bad at all."),
)
_PARTINGS = (
    *("I say goodbye.", "Goodbye for today.", "Until later!", "Good night then."),
    *("I leave you now.", "So long!", "It is time to go.", "Fare you well."),
)
MORE = (
    Topic("praise", topic("praise").replies, _PRAISE),
    Topic("goodbye", topic("goodbye").replies, _PARTINGS),
)
_MOST_TURNS = 4


def conversation(rng: random.Random) -> Conversation:
    """One to four remarks, answered as the system prompt asks."""
    style = rng.choice(_STYLES)
    said: list[str] = []
    for _ in range(rng.randint(1, _MOST_TURNS)):
        share = rng.random()
        from_list = MORE if share < 0.3 else MORE_TOPICS if share < 0.5 else TOPICS
        found = rng.choice(from_list)
        said += small_talk.said(rng, found, False), style.styled(found.replies[0])
    return conversation_of(*said, system=rng.choice(ALL_PROMPTS[style]))
