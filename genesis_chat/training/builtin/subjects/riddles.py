"""Riddles, and what they are solved by."""

import random

from ..conversation import (
    Conversation,
    conversation_of,
    expected,
    informal,
    is_held_out,
    opened,
    says,
)
from ..lists.texts import entries

NAME = "riddles"
WEIGHT = 3.0
PROMISED = 0.9
_ASKED = (
    "Tell me a riddle.",
    "Ask me a riddle.",
    "Give me a riddle.",
    "Do you know a riddle?",
    "Can you tell me a riddle?",
    "Another riddle, please.",
    "A riddle, please.",
    "I like riddles. Tell me one.",
    "Please tell me a riddle.",
    "Ask me another riddle.",
    "Give me one more riddle.",
    "I want a riddle.",
    "Do you have a riddle for me?",
    "Let us do a riddle.",
    "Riddle me something.",
    "Tell me a good riddle.",
)
_GIVEN_UP = (
    "I do not know.",
    "I don't know.",
    "I give up.",
    "What is it?",
    "Tell me the answer.",
    "What is the answer?",
    "No idea.",
    "I have no idea.",
    "And the answer?",
    "Please tell me.",
    "What is the solution?",
    "Tell me.",
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A riddle asked for, or one of ours that the user gives up or asks."""
    while True:
        riddle, answer = rng.choice(entries("riddles"))
        turns: tuple[str, ...]
        asked, reply = rng.choice(_ASKED), f"It is {answer}!"
        match rng.choices(("for", "up", "by"), (3, 4, 3))[0]:
            case "for":
                key = opened(rng, asked)
                turns = (informal(rng, key), riddle)
            case "up":
                given_up = opened(rng, rng.choice(_GIVEN_UP), 0.3)
                turns = (informal(rng, asked), riddle, informal(rng, given_up), reply)
                key = f"{riddle} {given_up}"
            case _:
                begun = rng.choice(
                    ("", "Riddle: ", "Here is a riddle: ", "Solve this: ")
                )
                key = begun + riddle
                turns = (informal(rng, key), reply)
        if is_held_out(key) == held_out:
            return conversation_of(*turns)


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is a riddle that was asked for, or solves one."""
    reply = expected(conversation)
    if reply.startswith("It is "):
        return says(answer, reply.removeprefix("It is ").strip("!").split(" ", 1)[-1])
    return answer.strip() in {riddle for riddle, _ in entries("riddles")}
