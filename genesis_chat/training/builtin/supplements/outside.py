"""More of what is outside of all subjects, in the shapes that questions come in."""

import random
from importlib.resources import files

from ..conversation import Conversation, conversation_of
from ..outside.prompts import prompt, sections
from ..outside.refusals import refusal
from ..plan import NUMBERS, REFINEMENT, REVIEW, STYLES

WEIGHTS = {REFINEMENT: 7.0, STYLES: 7.0, NUMBERS: 7.0, REVIEW: 16.0}
_KINDS = sections((files(__package__) / "outside.txt").read_text("utf-8"))


def conversation(rng: random.Random) -> Conversation:
    """A prompt, and a refusal."""
    return conversation_of(prompt(rng, _KINDS), refusal(rng))
