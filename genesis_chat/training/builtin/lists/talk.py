"""Small talk: what is said in several wordings, and what is replied."""

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Topic:
    """Something people say in many wordings, and the replies that are right."""

    name: str
    replies: tuple[str, ...]
    said: tuple[str, ...]


def topic(name: str) -> Topic:
    """A topic by its name."""
    return next(each for each in TOPICS if each.name == name)


def _topic(paragraph: str) -> Topic:
    name, *lines = paragraph.strip().split("\n")
    replies = tuple(line[2:] for line in lines if line.startswith("= "))
    said = " ".join(line for line in lines if not line.startswith("= "))
    return Topic(name[2:], replies, tuple(map(str.strip, said.split("|"))))


def topics(text: str) -> tuple[Topic, ...]:
    """The topics of a text, which has a head and then a paragraph for each."""
    _, *paragraphs = text.split("\n\n")
    return tuple(map(_topic, paragraphs))


TOPICS = topics((files(__package__) / "talk.txt").read_text("utf-8"))
