"""Small stories, three sentences each, made by a grammar."""

import random
import re

from ..conversation import Conversation, question
from ..drawing import drawn
from ..lists.split import words

NAME = "small stories"
WEIGHT = 2.0
PROMISED = 0.9
HEROES = words(
    "cat dog fox bear mouse rabbit owl horse frog duck lion monkey penguin tiger wolf"
    " elephant king queen girl boy robot dragon wizard pirate snail turtle bird fish"
)
_QUALITIES = words("little brave clever lazy kind curious hungry shy happy old")
_HOMES = (
    "in a forest",
    "by the sea",
    "on a hill",
    "in a small town",
    "near a river",
    "in an old tower",
    "under a tree",
    "on an island",
)
_FOUND = words("key map shell coin bell lamp book feather button letter ring stone")
_ENDS = (
    "a friend asked for it, and they shared it",
    "a storm came, and it kept everyone safe",
    "it opened a door to a garden full of flowers",
    "it began to shine, and the night was bright",
    "it was lost again, but a friend was found",
    "a bird took it, and sang a song in return",
)
_ASKED = (
    "Tell me a story about _.",
    "Tell me a short story about _.",
    "Tell me a small story about _.",
    "Tell a story about _.",
    "Can you tell me a story about _?",
    "I want a story about _.",
    "A story about _, please.",
    "Do you know a story about _?",
    "Please tell me a story about _.",
    "Make up a story about _.",
)
_ANY = (
    "Tell me a story.",
    "Tell me a short story.",
    "Can you tell me a story?",
    "Do you know a story?",
    "I want to hear a story.",
    "Please tell me a story.",
    "Tell me another story.",
    "A story, please.",
    "Tell me a bedtime story.",
)
_STORY = re.compile(
    r"Once there was an? (?:\w+ )?(\w+) who lived [\w ]+\. One day the \1 found an? \w+"
    r" \w+\. Then [\w ,]+\."
)


def conversation(rng: random.Random, held_out: bool) -> Conversation:
    """A story about somebody, or about anybody."""
    return drawn(rng, held_out, _draw)


def _draw(rng: random.Random) -> tuple[str, str]:
    hero = rng.choice(HEROES)
    asked = rng.choice(_ANY)
    if rng.random() < 0.8:
        asked = rng.choice(_ASKED).replace("_", _with_article(hero))
    kind, colour = rng.choice(_QUALITIES), rng.choice(words("red blue old golden tiny"))
    return asked, (
        f"Once there was {_with_article(kind)} {hero} who lived {rng.choice(_HOMES)}."
        f" One day the {hero} found {_with_article(colour)} {rng.choice(_FOUND)}."
        f" Then {rng.choice(_ENDS)}."
    )


def _with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def right(conversation: Conversation, answer: str) -> bool:
    """Whether the answer is a whole story about whom it was asked for."""
    found = _STORY.fullmatch(answer.strip())
    asked = set(re.findall(r"\w+", question(conversation).casefold()))
    wanted = [hero for hero in HEROES if hero in asked]
    return found is not None and (not wanted or found[1] in wanted)
