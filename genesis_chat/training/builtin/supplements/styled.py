"""System prompts in more wordings, with questions that have one right reply."""

import random

from ..conversation import Conversation
from ..lists.styles import CAPITALS, NAMED, PIRATE, POLITE, SHORT
from ..plan import NUMBERS, REFINEMENT, REVIEW, STYLES
from ..subjects import system_prompts

WEIGHTS = {REFINEMENT: 14.0, STYLES: 14.0, NUMBERS: 14.0, REVIEW: 20.0}
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
# Still more wordings, which the last stage alone has.
_MORE = {
    CAPITALS: """
        ONLY UPPERCASE. | Respond in all caps. | Write all your answers in uppercase. |
        Upper case only, please. | YOU ALWAYS SHOUT. | Use only capitals. |
        No small letters. | Everything you say is in capitals. | All capitals. |
        I want capital letters only. | Type in all capital letters. | SHOUT. |
        ALWAYS WRITE IN CAPITAL LETTERS. | Your answers have capital letters only. |
        Respond only in uppercase letters. | Caps lock is on. | Block letters, please.
        """,
    PIRATE: """
        Talk as pirates do. | You are a pirate on a ship. | Speak pirate. |
        Use the language of pirates. | Act like a pirate. | You sound like a pirate. |
        You are Captain Hook, a pirate. | Respond as a sailor and pirate. |
        You are a pirate and say arr. | Every answer is that of a pirate. |
        You're a pirate of the seven seas. | Respond like a pirate.
        """,
    POLITE: """
        Respond with great courtesy. | Be courteous. | You are a courteous helper. |
        Use polite words. | You have good manners. | Be friendly and polite. |
        Stay polite. | Answer like a polite waiter. | Be as polite as you can. |
        You are well mannered. | Courtesy comes first. | Reply in a courteous way.
        """,
    SHORT: """
        One word only. | Give one-word answers. | Only one word per answer. |
        Use a single word. | Be concise. | Very short answers, please. |
        Just the answer, nothing else. | Respond with one word. | No full sentences. |
        Short answers only. | A single word is enough. | Say it in one word.
        """,
    NAMED: """
        You're _. | Your name will be _. | I call you _. | You are a helper named _. |
        Be _. | People call you _. | _ is your name. | Your new name is _. |
        You are _, a friendly bot. | From now on you are _. | You're an assistant, _. |
        Use the name _. | You answer to the name _. | Say that your name is _.
        """,
}
ALL_PROMPTS = {
    style: (*PROMPTS[style], *(" ".join(each.split()) for each in more.split("|")))
    for style, more in _MORE.items()
}


def conversation(rng: random.Random) -> Conversation:
    """One to three questions, answered as the system prompt asks."""
    style = rng.choice(tuple(PROMPTS))
    return system_prompts.in_style(rng, style, rng.choice(PROMPTS[style]), _SHARES)
