"""Small talk: greetings, thanks, goodbyes, and who one is talking to."""

import random

from ..conversation import (
    Conversation,
    Split,
    conversation_of,
    informal,
    plain,
    question,
)
from ..lists.talk import TOPICS

NAME = "small talk"
WEIGHT = 2.0
PROMISED = 0.95

# The plainest wordings are for training.
SAID = {topic: Split(topic.said, always_trained=3) for topic in TOPICS}
_REPLIES = {plain(said): topic.replies for topic in TOPICS for said in topic.said}


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One question or remark in one of its wordings; a quarter of them is held out."""
    topic = rng.choice(TOPICS)
    said = informal(rng, SAID[topic].choose(rng, held_out))
    return conversation_of(said, rng.choice(topic.replies))


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is one of those to what was said."""
    return answer.strip() in _REPLIES[plain(question(conversation))]
