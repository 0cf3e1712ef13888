"""Something to know about this program, and how it is asked."""

from dataclasses import dataclass

# How something is asked that one wants to do.
HOW = (
    "How do I _?",
    "How can I _?",
    "How to _?",
    "I want to _.",
    "I would like to _.",
    "How would I _?",
    "Tell me how to _.",
    "How does one _?",
    "What do I do to _?",
    "Can you tell me how to _?",
    "How do you _?",
    "What is the way to _?",
    "Can I _?",
    "Is it possible to _?",
    "What do I type to _?",
    "I need to _.",
    "Show me how to _.",
    "Help me _.",
    "I do not know how to _.",
    "Is there a way to _?",
    "What must I do to _?",
    "How do I _ here?",
    "How do I _ in Genesis Chat?",
    "In this program, how do I _?",
    "Hey, how can I _?",
    "I am trying to _.",
    "Where can I _?",
    "What if I want to _?",
)
KEY = (
    "Which key do I press to _?",
    "What key do I use to _?",
    "Is there a key to _?",
    "What is the key to _?",
)
# How something is asked that one wants explained.
WHAT = (
    "What is _?",
    "What does _ mean?",
    "Explain _.",
    "Tell me about _.",
    "Can you explain _?",
    "What do you know about _?",
    "Please explain _ to me.",
    "What's _?",
    "Describe _.",
    "I do not understand _.",
    "How does _ work?",
    "What is meant by _?",
    "Tell me what _ is.",
    "Do you know what _ is?",
    "Give me a short explanation of _.",
    "What exactly is _?",
)
# How it is asked what a key or a command does.
DOES = (
    "What does _ do?",
    "What is _ for?",
    "What is _?",
    "What happens when I press _?",
    "What does the key _ do?",
    "Explain _.",
    "What can I do with _?",
    "Tell me what _ does.",
    "Why would I press _?",
    "What is the use of _?",
    "What do I get with _?",
    "When do I use _?",
    "_?",
    "What will _ do?",
    "Do you know what _ does?",
    "What does pressing _ do?",
    "I pressed _.",
    "What is the meaning of _?",
)


@dataclass(frozen=True)
class Matter:
    """Something to know: the frames and the phrases of its questions, and the reply.

    In a reply, `{chat.search}` stands for the first key of that action and
    `{/chat.search}` for its slash command, so that the replies follow the table of
    actions. A right answer has one of `needed`, the keys or commands in the reply
    unless given.
    """

    frames: tuple[str, ...]
    phrases: tuple[str, ...]
    reply: str
    needed: tuple[str, ...] = ()

    def asked(self) -> tuple[str, ...]:
        """All its wordings."""
        return tuple(f.replace("_", p) for f in self.frames for p in self.phrases)


def to_do(phrases: str, reply: str, *needed: str) -> Matter:
    """Something that one wants to do; phrases are apart by bars."""
    frames = HOW + KEY if reply.startswith("Press") else HOW
    return Matter(frames, _parts(phrases), reply, needed)


def to_explain(phrases: str, reply: str, *needed: str) -> Matter:
    """Something that one wants explained."""
    return Matter(WHAT, _parts(phrases), reply, needed)


def to_answer(questions: str, reply: str, *needed: str) -> Matter:
    """Something that is asked in whole questions, one a line."""
    return Matter(("_",), _parts(questions.replace("\n", "|")), reply, needed)


def _parts(text: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in text.split("|"))
    return tuple(part for part in parts if part)
