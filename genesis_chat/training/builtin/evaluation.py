"""How well a model does on the sets that are fixed before it is trained."""

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...conversation import DEFAULT_SYSTEM_PROMPT
from ...engine import Engine, Exchange, Finished, Request, reply_to_several
from ...errors import GenesisChatError
from ...settings import GenerationSettings
from .conversation import Conversation, expected, question
from .outside.refusals import is_refusal
from .subjects import Subject

# Questions of each subject, and how many are answered at a time.
COUNT, WIDTH = 200, 16
LONGEST_REPLY = 96
# Sets of other seeds are of the same kinds, for whoever doubts these.
SEED = 1


@dataclass(frozen=True)
class Answered:
    """A question of a set, the reply expected and the one that came.

    `turned_away` says that it sends the person to a bigger model.
    """

    question: str
    expected: str
    answer: str
    right: bool
    turned_away: bool


@dataclass(frozen=True)
class Score:
    """A subject's answers; `promised` is the share of them that should be right."""

    subject: str
    promised: float
    answered: tuple[Answered, ...]

    @property
    def asked(self) -> int:
        """How many questions there were."""
        return len(self.answered)

    @property
    def right(self) -> int:
        """How many were answered right."""
        return sum(each.right for each in self.answered)

    @property
    def turned_away(self) -> int:
        """How many people were turned away."""
        return sum(each.turned_away for each in self.answered)

    @property
    def share(self) -> float:
        """Of the answers that were right."""
        return self.right / self.asked if self.asked else 0.0


def held_out(subject: Subject, count: int, seed: int = SEED) -> list[Conversation]:
    """A subject's set: conversations that training never sees, the same each time."""
    rng = random.Random(f"evaluation:{seed}:{subject.name}")
    return [subject.conversation(rng, True) for _ in range(count)]


def evaluate(
    engine: Engine,
    subjects: Sequence[Subject],
    count: int = COUNT,
    *,
    ttt: bool = False,
    seed: int = SEED,
    told: Callable[[Score], None] = lambda score: None,
) -> list[Score]:
    """Ask the model everything in the subjects' sets, the likeliest token each time.

    Args:
        engine: the model.
        subjects: what to ask about.
        count: questions of each.
        ttt: with test-time training.
        seed: of the sets.
        told: a subject's score, when it is there.

    Raises what `Engine.reply` raises.
    """
    scores = []
    for subject in subjects:
        asked = held_out(subject, count, seed)
        replies = answers(engine, asked, ttt=ttt)
        score = Score(
            subject.name,
            subject.promised,
            tuple(map(partial(_judged, subject), asked, replies)),
        )
        told(score)
        scores.append(score)
    return scores


def answers(
    engine: Engine, conversations: Sequence[Conversation], *, ttt: bool = False
) -> list[str]:
    """The model's replies to the last questions of conversations, in their order."""
    requests = [_request(each, ttt) for each in conversations]
    found: dict[int, str] = {}
    with closing(reply_to_several(engine, requests, WIDTH)) as events:
        for index, event in events:
            if isinstance(event, GenesisChatError):
                raise event
            if isinstance(event, Finished):
                found[index] = event.reply.text
    return [found[index] for index in range(len(requests))]


def scores_from(content: Sequence[dict[str, Any]]) -> list[Score]:
    """Scores as `dataclasses.asdict` and JSON have them."""
    return [
        Score(**{**each, "answered": tuple(Answered(**a) for a in each["answered"])})
        for each in content
    ]


def open_engine(directory: Path) -> Engine:
    """A converted model on the CPU backend, which decodes several replies at once.

    Raises `ModelError`.
    """
    from ...engine import LocalEngine, open_model
    from ...model_choice import ModelChoice

    return LocalEngine(open_model(directory, choice=ModelChoice(backend="cpu")))


def _judged(subject: Subject, conversation: Conversation, answer: str) -> Answered:
    return Answered(
        question(conversation),
        expected(conversation),
        answer,
        subject.right(conversation, answer),
        is_refusal(answer),
    )


def _request(conversation: Conversation, ttt: bool) -> Request:
    system, rest = DEFAULT_SYSTEM_PROMPT, conversation[:-1]
    if rest[0].role == "system":
        system, rest = rest[0].content, rest[1:]
    said = [message.content for message in rest]
    exchanges = zip(said[0:-1:2], said[1::2], strict=True)
    return Request(
        content=said[-1],
        settings=GenerationSettings(
            max_tokens=LONGEST_REPLY, temperature=0, repetition_penalty=1, ttt=ttt
        ),
        system=system,
        exchanges=tuple(Exchange(asked, replied) for asked, replied in exchanges),
        snapshot=False,
    )
