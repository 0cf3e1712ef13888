"""What a model is asked before and after it was trained, and what it answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from ..api import Genesis
from ..engine import Engine, Exchange, Finished, Request
from ..settings import GenerationSettings

# Beyond the expected answer: enough to see that another one goes on.
SPARE_TOKENS = 16
# From so many tokens on an answer is not compared word for word.
LONG_ANSWER = 64
MOST_QUESTIONS = 100


@dataclass(frozen=True)
class Question:
    """A conversation up to a message, and the answer that is expected.

    `tokens` are those of the answer, roughly. `ttt` is whether it is answered with
    test-time training.
    """

    content: str
    expected: str
    tokens: int
    system: str = ""
    exchanges: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        pairs = tuple((str(said), str(reply)) for said, reply in content["exchanges"])
        return cls(**{**content, "exchanges": pairs})


def chosen(questions: Sequence[Question], most: int = MOST_QUESTIONS) -> list[Question]:
    """So many of them at most, evenly spread, without those of long answers."""
    short = [each for each in questions if each.tokens < LONG_ANSWER]
    step = max(1.0, len(short) / most)
    return [short[int(at * step)] for at in range(min(most, len(short)))]


def answers(
    genesis: Genesis,
    questions: Sequence[Question],
    *,
    ttt: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """The model's most likely answer to each, in order, until `stopped`.

    Raises `GenesisChatError`.
    """
    engine = genesis.engine()
    for question in questions:
        if stopped():
            return
        yield _answer(engine, question, ttt)


def is_right(question: Question, answer: str) -> bool:
    """Whether an answer is the expected one, white space at its ends apart."""
    return answer.strip() == question.expected.strip()


def _answer(engine: Engine, question: Question, ttt: bool) -> str:
    request = Request(
        content=question.content,
        system=question.system,
        exchanges=tuple(Exchange(said, reply) for said, reply in question.exchanges),
        settings=GenerationSettings(
            temperature=0.0,
            repetition_penalty=1.0,
            max_tokens=question.tokens + SPARE_TOKENS,
            ttt=ttt,
        ),
        snapshot=False,
    )
    text = ""
    for event in engine.reply(request):
        if isinstance(event, Finished):
            text = event.reply.text
    return text
