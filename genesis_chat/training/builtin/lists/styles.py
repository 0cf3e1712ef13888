"""The styles that a system prompt can ask for, and how a reply sounds in each."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A style: prompts that ask for it, and a reply said in it."""

    prompts: tuple[str, ...]
    styled: Callable[[str], str]


def _unchanged(text: str) -> str:
    return text


def _pirate(text: str) -> str:
    return f"Arr! {text}"


def _polite(text: str) -> str:
    return f"{text} It is a pleasure to help you."


def _short(text: str) -> str:
    """What a fact comes down to; of small talk, the first sentence up to a comma."""
    first = re.split(r"(?<=\w)[.!?,](?: |$)", text)[0]
    fact = first.split(" is ")[-1].removeprefix("the capital of ")
    return f"{fact[0].upper()}{fact[1:]}."


CAPITALS = Style(
    (
        "Answer in capital letters.",
        "Reply only in capital letters.",
        "Use capital letters only.",
        "Write everything in capital letters.",
        "Always answer in capitals.",
        "Please write in upper case.",
        "SPEAK IN CAPITAL LETTERS.",
        "You write only in capital letters.",
    ),
    str.upper,
)
PIRATE = Style(
    (
        "You are a pirate.",
        "Talk like a pirate.",
        "Answer like a pirate.",
        "Speak like a pirate.",
        "You are an old pirate.",
        "Pretend to be a pirate.",
        "Be a pirate.",
        "You are a pirate who helps people.",
    ),
    _pirate,
)
POLITE = Style(
    (
        "You are very polite.",
        "Be polite.",
        "Be very polite.",
        "Always be polite.",
        "You are a polite assistant.",
        "You are a polite butler.",
        "Answer politely.",
        "Please answer in a polite way.",
    ),
    _polite,
)
SHORT = Style(
    (
        "Be short.",
        "Answer in one word.",
        "Be brief.",
        "Keep your answers short.",
        "Answer as briefly as you can.",
        "Use as few words as possible.",
        "Give short answers.",
        "Reply with one word.",
    ),
    _short,
)
NAMED = Style(
    (
        "Your name is _.",
        "You are called _.",
        "You are _.",
        "You are _, a helpful assistant.",
        "Your name is _. You are a helpful assistant.",
        "Call yourself _.",
        "You are an assistant called _.",
        "You are an assistant named _.",
    ),
    _unchanged,
)
STYLES = (CAPITALS, PIRATE, POLITE, SHORT, NAMED)
