"""The evaluation counts what is right, wrong and turned away, and no more."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from small_subjects import SMALL

from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT
from genesis_chat.engine import Finished, ModelFacts, Reply, Request
from genesis_chat.errors import ContextFullError
from genesis_chat.training.builtin.card import difference, table
from genesis_chat.training.builtin.conversation import expected, question
from genesis_chat.training.builtin.evaluation import (
    Score,
    evaluate,
    held_out,
    scores_from,
)

AWAY = "I do not know that. Press F2 to choose a bigger model."


class Answering:
    """An engine that answers with what a function makes of the request."""

    def __init__(self, answer: Callable[[Request], str]) -> None:
        self.model = ModelFacts("mine", 1024, "float32", "CPU", None)
        self.asked: list[Request] = []
        self._answer = answer

    def reply(self, request: Request, cancelled: Any = None) -> Iterator[Finished]:
        self.asked.append(request)
        text = self._answer(request)
        yield Finished(
            Reply(text, (), (), "stop", 1, 1, None, None, "mine", request.settings),
            None,
        )


def answering(answer: Callable[[Request], str]) -> Any:
    """An engine; evaluation asks it for replies alone."""
    return Answering(answer)


def number(request: Request) -> str:
    said = [*(each.content for each in request.exchanges), request.content]
    return next(word for word in " ".join(said).split() if word[0].isdigit())[:-1]


def test_right_and_wrong_answers_are_counted() -> None:
    engine = answering(number)
    told: list[Score] = []
    scores = evaluate(engine, SMALL, 20, told=told.append)
    assert [score.asked for score in scores] == [20, 20, 20]
    # It never shouts.
    assert [score.right for score in scores] == [20, 0, 20]
    assert [score.share for score in scores] == [1, 0, 1]
    assert told == scores
    wrong = scores[1].answered[0]
    assert wrong.expected == wrong.answer + "!" and not wrong.right


def test_those_who_are_turned_away_are_counted() -> None:
    engine = answering(lambda r: AWAY if "What" in r.content else number(r))
    scores = evaluate(engine, SMALL, 10)
    assert [score.turned_away for score in scores] == [0, 0, 10]
    assert [score.right for score in scores] == [10, 0, 0]


def test_the_sets_are_fixed_and_held_out() -> None:
    for subject in SMALL:
        asked = held_out(subject, 30)
        assert asked == held_out(subject, 30)
        assert asked[:10] == held_out(subject, 10)
        assert asked != held_out(subject, 30, seed=2)
        assert all("(held out)" in question(each) for each in asked)


def test_the_model_is_asked_what_was_said_and_takes_the_likeliest_token() -> None:
    engine = answering(lambda request: "")
    evaluate(engine, SMALL, 1, ttt=True)
    echoed, shouted, recalled = engine.asked
    assert (echoed.system, echoed.exchanges) == (DEFAULT_SYSTEM_PROMPT, ())
    assert shouted.system == "Shout."
    (before,) = recalled.exchanges
    (told, yes, asked, _) = held_out(SMALL[2], 1)[0]
    assert (before.content, before.reply) == (told.content, yes.content)
    assert recalled.content == asked.content
    for request in engine.asked:
        settings = request.settings
        assert (settings.temperature, settings.repetition_penalty) == (0, 1)
        assert settings.ttt and not request.snapshot


def test_a_failing_model_is_no_wrong_answer() -> None:
    def fail(request: Request) -> str:
        raise ContextFullError("The message does not fit.")

    with pytest.raises(ContextFullError):
        evaluate(answering(fail), SMALL, 2)


def test_scores_survive_their_file_and_fill_the_card() -> None:
    scores = evaluate(answering(number), SMALL, 8)
    stored = json.loads(json.dumps([asdict(score) for score in scores]))
    assert scores_from(stored) == scores
    lines = table(scores, scores[::-1]).splitlines()
    assert lines[2] == "| echo | 8 of 8 (100.0%) | 100.0% | 50% | 0.0% |"
    assert lines[3].startswith("| shout | 0 of 8 (0.0%) | 0.0% |")
    other = evaluate(answering(lambda request: number(request) + "!"), SMALL, 8)
    assert difference(scores, other) == (
        "of the 24 answers 24 are other ones with it, and 8 are right instead of 16"
    )
    assert expected(held_out(SMALL[0], 1)[0]) == scores[0].answered[0].answer
