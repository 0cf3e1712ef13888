"""Saying what it is, and how to get a bigger model, to everything else."""

import random

from ..conversation import Conversation, conversation_of
from ..outside.prompts import held_out as prompts_held_out
from ..outside.prompts import prompt
from ..outside.refusals import is_refusal, refusal
from . import facts, small_talk

NAME = "honest about everything else"
WEIGHT = 14.0
PROMISED = 0.95
# How often small talk, something told or a prompt of this kind comes before.
BEFORE = {"talk": 0.2, "told": 0.1, "prompt": 0.1, "": 0.6}


def _asked(rng: random.Random, text: str) -> Conversation:
    """A prompt and a refusal, sometimes in the middle of a chat."""
    before: list[str] = []
    match rng.choices(list(BEFORE), list(BEFORE.values()))[0]:
        case "talk":
            said = small_talk.conversation(rng, False)
            before = [each.content for each in said if each.role != "system"][-2:]
        case "told":
            before = [each.content for each in facts.one_fact(rng, False)[:2]]
        case "prompt":
            before = [prompt(rng), refusal(rng)]
    return conversation_of(*before, text, refusal(rng))


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
