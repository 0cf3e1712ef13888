"""What a model reads and writes turn by turn when it has a given conversation."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ...engine.prompt.formats import Answered, ChatFormat, Lesson
from ...engine.prompt.thinking import Thinking
from ...engine.protocol import Exchange, Request
from ...errors import ModelError
from ...settings import GenerationSettings
from .sample import Sample, Turn

SETTINGS = GenerationSettings()
WHOLE = slice(None)


def lessons_of(
    samples: Sequence[Sample], chat: ChatFormat, system: str, part: slice = WHOLE
) -> list[list[Lesson]]:
    """The lessons of each conversation's turns, up to the last that is learnt.

    A reply stands in the turns after it by the ids that it has to be generated as, as
    it does in a chat. `system` is for those without a prompt; `part` are the turns to
    take. Raises `ModelError`.
    """
    found: list[list[Lesson]] = [[] for _ in samples]
    said: list[tuple[Exchange, ...]] = [() for _ in samples]
    turns = [_turns(sample, chat.thinking)[part] for sample in samples]
    for number in range(max(map(len, turns), default=0)):
        active = [n for n, each in enumerate(turns) if number < len(each)]
        asked = [
            _answered(samples[n], turns[n][number], said[n], system) for n in active
        ]
        lessons = _taught(asked, [samples[n] for n in active], chat)
        for n, lesson in zip(active, lessons, strict=True):
            turn = turns[n][number]
            found[n].append(lesson)
            ids = tuple(lesson.reply)
            said[n] += (Exchange(turn.content, turn.reply, ids, turn.thought),)
    return found


def goes_on(lessons: Sequence[Lesson]) -> bool:
    """Whether every turn begins with all of the one before as it was generated."""
    return all(
        then.prompt[: len(now)] == [*now.prompt, *now.reply]
        for now, then in pairwise(lessons)
    )


def _turns(sample: Sample, thinking: Thinking | None) -> list[Turn]:
    """The turns up to the last that is learnt, thoughts apart from their replies."""
    last = max(n for n, turn in enumerate(sample.turns) if turn.learnt)
    return [_thought_apart(turn, thinking) for turn in sample.turns[: last + 1]]


def _thought_apart(turn: Turn, thinking: Thinking | None) -> Turn:
    if thinking is None:
        return replace(turn, thought="")
    head, _, rest = turn.reply.partition(thinking.start)
    thought, end, reply = rest.partition(thinking.end)
    if not end or head.strip() or turn.thought or not reply.strip():
        return turn
    return replace(turn, thought=thought.strip(), reply=reply.lstrip())


def _answered(
    sample: Sample, turn: Turn, said: tuple[Exchange, ...], system: str
) -> Answered:
    request = Request(turn.content, SETTINGS, sample.system or system, said)
    return Answered(request, turn.reply, turn.thought)


def _taught(
    asked: Sequence[Answered], samples: Sequence[Sample], chat: ChatFormat
) -> list[Lesson]:
    lessons: list[Lesson] = []
    for lesson, sample in zip(chat.lessons(asked), samples, strict=True):
        if isinstance(lesson, ModelError):
            raise ModelError(f"{sample.place}: {lesson}") from lesson
        lessons.append(lesson)
    return lessons
