"""Small talk in more wordings, and jokes."""

import random
from importlib.resources import files

from ..conversation import Conversation, conversation_of, informal, is_held_out, opened
from ..lists.talk import topics
from ..plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from ..subjects import jokes, small_talk

WEIGHTS = {REFINEMENT: 9.0, STYLES: 9.0, NUMBERS: 9.0, REVIEW: 9.0}
_JOKES = 0.25
MORE_TOPICS = topics((files(__package__) / "talk.txt").read_text("utf-8"))
_FOR_JOKES = (
    "Make me laugh",
    "Make us laugh",
    "Make me smile",
    "Can you make me laugh",
    "Please make me laugh",
    "Try to make me laugh",
    "I want to laugh",
    "I need a laugh",
    "Make my friend laugh",
    "Something to laugh about",
    "Be funny",
    "Be funny for me",
    "Say something funny",
    "A joke",
    "Joke",
    "A joke for my friends",
    "Jokes",
    "Cheer me up",
    "Cheer me up with a joke",
    "Entertain me",
    "Do you know any jokes",
    "What is your favourite joke",
    "I like jokes",
    "Another one",
)


def conversation(rng: random.Random) -> Conversation:
    """One remark or question."""
    if rng.random() < _JOKES:
        while True:
            asked = opened(rng, rng.choice(_FOR_JOKES) + rng.choice(("", ".", "!")))
            if not is_held_out(asked):
                return conversation_of(informal(rng, asked), jokes.joke(rng))
    topic = rng.choice(MORE_TOPICS)
    return conversation_of(
        small_talk.said(rng, topic, False), rng.choice(topic.replies)
    )
