"""Small talk: greetings, thanks, goodbyes, and who one is talking to."""

import random

from ..conversation import (
    Conversation,
    conversation_of,
    informal,
    is_held_out,
    opened,
    plain,
    question,
    unopened,
)
from ..lists.talk import TOPICS, Topic

NAME = "small talk"
WEIGHT = 5.0
PROMISED = 0.95

_REPLIES = {plain(said): topic.replies for topic in TOPICS for said in topic.said}


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """One question or remark, as `said` words it."""
    topic = rng.choice(TOPICS)
    return conversation_of(said(rng, topic, held_out), rng.choice(topic.replies))


def said(rng: random.Random, topic: Topic, held_out: bool) -> str:
    """A topic in one of its wordings and openings.

    Of these together one in eight is held out, but never one of the three plainest
    wordings alone.
    """
    plainest = {plain(each) for each in topic.said[:3]}
    while True:
        words = opened(rng, rng.choice(topic.said))
        is_out = is_held_out(words) and plain(words) not in plainest
        if is_out == held_out:
            return informal(rng, words)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is one of those to what was said."""
    asked = question(conversation)
    return answer.strip() in (_REPLIES.get(plain(asked)) or _REPLIES[unopened(asked)])
