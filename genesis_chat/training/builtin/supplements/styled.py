"""System prompts in more wordings, with questions that have one right reply."""

import random

from ..conversation import Conversation
from ..lists.styles import CAPITALS, NAMED, PIRATE, POLITE, SHORT
from ..plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from ..subjects import system_prompts

WEIGHTS = {REFINEMENT: 14.0, STYLES: 14.0, NUMBERS: 14.0, REVIEW: 25.0}
_SHARES = (0.3, 0.35, 0.25)
PROMPTS = {
    CAPITALS: (
        *CAPITALS.prompts,
        "USE CAPITAL LETTERS.",
        "All your answers are in capital letters.",
        "Write in capitals.",
        "Speak in capital letters.",
        "Your replies are all in upper case.",
    ),
    PIRATE: (
        *PIRATE.prompts,
        "You are a pirate captain.",
        "You speak like a pirate.",
        "Reply as a pirate would.",
        "You are the pirate of this ship.",
    ),
    POLITE: (
        *POLITE.prompts,
        "Reply very politely.",
        "You are a polite person.",
        "Speak politely.",
        "Be kind and polite.",
    ),
    SHORT: (
        *SHORT.prompts,
        "Answer shortly.",
        "One word answers only.",
        "Say as little as you can.",
        "Your answers are very short.",
    ),
    NAMED: (
        *NAMED.prompts,
        "The assistant is called _.",
        "You go by the name _.",
        "Your name is _ and you are friendly.",
        "My assistant _ answers.",
    ),
}


def conversation(rng: random.Random) -> Conversation:
    """One to three questions, answered as the system prompt asks."""
    style = rng.choice(tuple(PROMPTS))
    return system_prompts.in_style(rng, style, rng.choice(PROMPTS[style]), _SHARES)
