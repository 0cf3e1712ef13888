"""One of several questions to a process is cancelled: that one, and no other."""

import queue
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import pytest
from turns import GREEDY, WILD, finished

from genesis_chat.engine import Finished, Request, Text, WorkerEngine
from genesis_chat.engine.worker import engine
from genesis_chat.engine.worker.messages import (
    LOADING,
    Begun,
    Cancel,
    Done,
    Load,
    Loaded,
    Told,
)
from genesis_chat.errors import GenerationError

NAME = Request("My name is Bob.", GREEDY, "You are a helpful assistant.")
LONG = replace(NAME, content="Tell me a story", settings=WILD)


def test_another_reply_goes_on(worker: WorkerEngine) -> None:
    story = worker.reply(LONG)
    next(each for each in story if isinstance(each, Text))
    assert finished(worker.reply(NAME, lambda: True)).finish_reason == "cancelled"
    *_, last = story
    assert isinstance(last, Finished) and last.reply.finish_reason != "cancelled"
    # One that is cancelled leaves nothing behind for those to come.
    assert finished(worker.reply(NAME)).finish_reason == "stop"


class Scripted:
    """A process whose answers are given; None among them is half a minute's silence."""

    closed, pid = False, 1
    answers: ClassVar[list[object]]
    facts: ClassVar[object]
    now: ClassVar[float]

    def __init__(self, load: Load) -> None:
        self.sent: list[object] = []
        self.ended = False

    def receive(self, number: int, seconds: float | None) -> object:
        if number == LOADING:
            return Loaded(self.facts)  # type: ignore[arg-type]
        if (answer := self.answers.pop(0)) is None:
            Scripted.now += engine.STUCK_SECONDS
            raise queue.Empty
        return answer

    def send(self, message: object) -> None:
        self.sent.append(message)

    def expect(self, number: int) -> None: ...

    def forget(self, number: int) -> None: ...

    def end(self) -> str:
        self.ended = True
        return "signal 9"

    def kill(self) -> None:
        self.ended = True

    close = kill


@pytest.fixture
def scripted(worker: WorkerEngine, monkeypatch: pytest.MonkeyPatch) -> WorkerEngine:
    """A worker whose process is scripted, and whose clock is."""
    Scripted.facts, Scripted.now = worker.model, 0.0
    clock = SimpleNamespace(monotonic=lambda: Scripted.now)
    monkeypatch.setattr(engine, "time", clock)
    monkeypatch.setattr(engine, "Process", Scripted)
    worker.close()
    return worker


def test_what_waits_for_another_reply_is_not_stuck(scripted: WorkerEngine) -> None:
    last = Finished(None, None)  # type: ignore[arg-type]
    Scripted.answers = [None, None, None, Begun(1), Told(1, last), Done(1)]
    assert list(scripted.reply(NAME, lambda: True)) == [last]
    process = scripted._process
    assert isinstance(process, Scripted)
    assert not process.ended and process.sent.count(Cancel(1)) == 1


def test_what_has_begun_and_does_not_end_is_stuck(scripted: WorkerEngine) -> None:
    Scripted.answers = [None, Begun(1), None]
    assert scripted.model
    process = scripted._process
    assert isinstance(process, Scripted)
    with pytest.raises(GenerationError, match="crashed"):
        list(scripted.reply(NAME, lambda: True))
    assert process.ended and scripted._process is not process
    assert not Scripted.answers
