"""Saying what it is, and how to get a bigger model, to everything else."""

import random

from ..conversation import Conversation, conversation_of
from ..outside.prompts import held_out as prompts_held_out
from ..outside.prompts import prompt
from ..outside.refusals import is_refusal, refusal
from . import small_talk

NAME = "honest about everything else"
WEIGHT = 11.0
PROMISED = 0.95
# How often something was said before, and how often a second prompt of this kind.
AFTER_TALK, TWICE = 0.25, 0.15


def _asked(rng: random.Random, text: str) -> Conversation:
    """A prompt and a refusal, sometimes in the middle of a chat."""
    turns = [text, refusal(rng)]
    if rng.random() < AFTER_TALK:
        before = small_talk.conversation(rng, False)
        turns = [m.content for m in before if m.role != "system"][-2:] + turns
    elif rng.random() < TWICE:
        turns = [prompt(rng), refusal(rng), *turns]
    return conversation_of(*turns)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A prompt that is outside of all subjects."""
    if held_out:
        kinds = prompts_held_out()
        text = rng.choice(kinds[rng.choice(tuple(kinds))])
        return conversation_of(text, refusal(rng))
    return _asked(rng, prompt(rng))


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is a refusal that says how to get a bigger model."""
    return is_refusal(answer)
