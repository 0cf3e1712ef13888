"""Facts that users tell about themselves; `_` stands for the value."""

from dataclasses import dataclass

from . import people


@dataclass(frozen=True)
class Fact:
    """A kind of fact: how it is told, acknowledged, asked back, and replied."""

    values: tuple[str, ...]
    told: tuple[str, ...]
    heard: tuple[str, ...]
    asked: tuple[str, ...]
    reply: str
    # Whether the values are names, of which there are more than any list has.
    names: bool = False


UNTOLD = ("You have not told me yet.", "I do not know that yet. Please tell me.")


def _favourite(thing: str, values: tuple[str, ...]) -> Fact:
    """A favourite thing."""
    british = thing.replace("color", "colour")
    return Fact(
        values,
        (
            f"My favourite {british} is _.",
            f"My favorite {thing} is _.",
            f"_ is my favourite {british}.",
            f"By the way, my favourite {british} is _.",
            f"my favorite {thing} is _",
        ),
        ("I will remember that you like _.",),
        (
            f"What is my favourite {british}?",
            f"What is my favorite {thing}?",
            f"Which {thing} do I like best?",
            f"Do you remember my favourite {british}?",
            f"Tell me my favourite {british}.",
            f"what's my favorite {thing}",
            f"And what is my favourite {british}?",
        ),
        f"Your favorite {thing} is _.",
    )


FACTS = (
    Fact(
        people.NAMES,
        (
            "My name is _.",
            "I am called _.",
            "Hi, I am _.",
            "Hello, my name is _.",
            "I'm _.",
            "You can call me _.",
            "my name is _",
            "Hello! I'm _.",
        ),
        ("Hello, _!", "Nice to meet you, _."),
        (
            "What is my name?",
            "Do you know my name?",
            "Do you remember my name?",
            "What am I called?",
            "Who am I?",
            "Can you tell me my name?",
            "what's my name",
            "And what is my name?",
        ),
        "Your name is _.",
        names=True,
    ),
    Fact(
        tuple(str(age) for age in range(6, 96)),
        (
            "I am _ years old.",
            "I'm _ years old.",
            "My age is _.",
            "I am _.",
            "I just turned _.",
        ),
        ("_ is a good age.",),
        (
            "How old am I?",
            "What is my age?",
            "Do you remember my age?",
            "Do you know how old I am?",
            "how old am i",
        ),
        "You are _ years old.",
    ),
    Fact(
        people.CITIES,
        (
            "I live in _.",
            "I come from _.",
            "I am from _.",
            "My home is in _.",
            "I'm from _.",
            "i live in _",
        ),
        ("_ is a good place to live.",),
        (
            "Where do I live?",
            "Which city do I live in?",
            "Where is my home?",
            "Where am I from?",
            "Do you remember where I live?",
            "What city do I live in?",
        ),
        "You live in _.",
        names=True,
    ),
    Fact(
        people.PETS,
        (
            "I have a _.",
            "My pet is a _.",
            "I've got a _.",
            "At home I have a _.",
            "I own a _.",
        ),
        ("A _ is a good friend.",),
        (
            "What pet do I have?",
            "Which animal do I have?",
            "What is my pet?",
            "Do you remember my pet?",
            "What kind of pet do I have?",
            "Which pet do I own?",
        ),
        "You have a _.",
    ),
    Fact(
        people.PET_NAMES,
        (
            "My pet is called _.",
            "My dog is called _.",
            "My cat is named _.",
            "The name of my pet is _.",
            "My pet's name is _.",
        ),
        ("_ is a nice name for a pet.",),
        (
            "What is my pet called?",
            "What is the name of my pet?",
            "What is my pet's name?",
            "Do you remember the name of my pet?",
            "How is my pet called?",
        ),
        "Your pet is called _.",
        names=True,
    ),
    Fact(
        people.JOBS,
        (
            "I work as a _.",
            "I am a _.",
            "I have a job as a _.",
            "I'm a _.",
            "I earn my money as a _.",
            "I am a _ by profession.",
        ),
        ("A _, how nice.",),
        (
            "What is my job?",
            "What do I do?",
            "What do I work as?",
            "What do I do for a living?",
            "Do you remember my job?",
            "What is my profession?",
        ),
        "You work as a _.",
    ),
    _favourite("color", people.COLOURS),
    _favourite("food", people.FOODS),
    _favourite("animal", tuple(f"the {each}" for each in people.ANIMALS)),
    _favourite("sport", people.SPORTS),
    _favourite("number", people.NUMBERS),
    _favourite("month", people.MONTHS),
    Fact(
        (*people.FOODS, *people.SPORTS, "music", "books", "tea", "coffee", "nature"),
        ("I love _.", "I really like _.", "I like _ very much.", "I enjoy _."),
        ("I will remember that you love _.",),
        (
            "What do I love?",
            "What do I like?",
            "Which thing do I like?",
            "Do you remember what I love?",
            "Tell me what I like.",
        ),
        "You love _.",
    ),
    Fact(
        people.INSTRUMENTS,
        ("I play the _.", "I can play the _.", "I am learning to play the _."),
        ("The _ sounds lovely.",),
        (
            "What instrument do I play?",
            "Which instrument do I play?",
            "What can I play?",
            "Do you remember what I play?",
            "What do I play?",
        ),
        "You play the _.",
    ),
)
