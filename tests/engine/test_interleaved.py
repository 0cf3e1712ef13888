"""Several questions to one process at a time, and what becomes of them at its end."""

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from turns import GREEDY, WILD, finished

from genesis_chat.engine import Event, Finished, Request, Text, WorkerEngine
from genesis_chat.engine.worker import engine
from genesis_chat.engine.worker.messages import Ask, Load
from genesis_chat.engine.worker.process import Process
from genesis_chat.errors import GenerationError, GenesisChatError, ModelError

NAME = Request("My name is Bob.", GREEDY, "You are a helpful assistant.")
STORY = replace(NAME, content="Tell me a story", settings=replace(WILD, max_tokens=40))
LONG = replace(STORY, settings=WILD)


def begun(events: Iterator[Event]) -> list[Event]:
    """What comes until the reply has a text."""
    found: list[Event] = []
    while not found or not isinstance(found[-1], Text):
        found.append(next(events))
    return found


def text(events: Iterator[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, Text))


def test_a_reply_goes_on_after_other_questions(worker: WorkerEngine) -> None:
    expected = text(worker.reply(STORY))
    story = worker.reply(STORY)
    start = begun(story)
    other = finished(worker.reply(NAME))
    assert other.finish_reason == "stop" and worker.context(NAME).used
    assert text(iter(start)) + text(story) == expected
    # One that nobody takes to its end stops nothing either.
    given_up = worker.reply(STORY)
    begun(given_up)
    given_up.close()
    assert finished(worker.reply(NAME)).token_ids == other.token_ids


def test_replies_to_several_threads_are_each_its_own(worker: WorkerEngine) -> None:
    questions = [replace(NAME, content=f"My name is {n}.") for n in ("Bob", "Anna")]
    expected = [finished(worker.reply(each)).text for each in questions]
    found: dict[int, list[str]] = {0: [], 1: []}

    def ask(number: int) -> None:
        for _ in range(3):
            found[number].append(finished(worker.reply(questions[number])).text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [expected[number]] * 3 for number in found}


def asking(worker: WorkerEngine) -> threading.Semaphore:
    """Released whenever a question has been put to the process there is now."""
    asked, process = threading.Semaphore(0), worker._process
    assert process
    send = process.send

    def told(message: object) -> None:
        send(message)
        if isinstance(message, Ask):
            asked.release()

    process.send = told  # type: ignore[method-assign]
    return asked


def stop(worker: WorkerEngine) -> int:
    """Let its process do nothing more, whatever it is asked; its id."""
    assert worker.pid
    os.kill(worker.pid, signal.SIGSTOP)
    return worker.pid


def test_a_crash_ends_them_all_and_starts_one_process(
    worker: WorkerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = worker.reply(LONG)
    begun(story)
    first, asked = stop(worker), asking(worker)
    started: list[Process] = []

    def start(load: Load) -> Process:
        started.append(Process(load))
        return started[-1]

    monkeypatch.setattr(engine, "Process", start)
    with ThreadPoolExecutor() as threads:
        # It has not begun: its question is put to the new process.
        waiting = threads.submit(lambda: finished(worker.reply(NAME)))
        asked.acquire()
        os.kill(first, signal.SIGKILL)
        with pytest.raises(GenerationError, match="crashed"):
            list(story)
        assert waiting.result().finish_reason == "stop"
    assert [each.pid for each in started] == [worker.pid] != [first]


def test_a_model_that_is_closed_meanwhile(worker: WorkerEngine) -> None:
    story = worker.reply(LONG)
    begun(story)
    stop(worker)
    worker.close()
    told: list[Event] = []
    with pytest.raises(GenerationError, match="was closed while it replied"):
        for event in story:
            told.append(event)
    assert worker.pid is None and isinstance(told[-1], Finished)
    assert told[-1].reply.finish_reason == "error"
    assert finished(worker.reply(NAME)).finish_reason == "stop"


@pytest.mark.parametrize("what", ["reply", "context"])
def test_a_model_that_is_closed_before_it_replies(
    what: str, worker: WorkerEngine
) -> None:
    assert worker.model.context
    stop(worker)
    asked = asking(worker)

    def ask() -> object:
        return list(worker.reply(NAME)) if what == "reply" else worker.context(NAME)

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(ask)
        asked.acquire()
        worker.close()
        with pytest.raises(GenesisChatError, match="was closed"):
            waiting.result()
    # What was closed to free its memory is not loaded again by itself.
    assert worker.pid is None


def test_a_model_whose_end_is_seen_before_it_is_closed(worker: WorkerEngine) -> None:
    story = worker.reply(LONG)
    begun(story)
    stop(worker)
    process, seen = worker._process, threading.Event()
    assert process
    kill, calls = process.kill, itertools.count()

    def slowly() -> None:
        if next(calls) == 0:
            process._process.kill()
            seen.wait()
        kill()

    process.kill = slowly  # type: ignore[method-assign]
    with ThreadPoolExecutor() as threads:
        closing = threads.submit(worker.close)
        try:
            with pytest.raises(GenerationError, match="was closed while it replied"):
                list(story)
        finally:
            seen.set()
        closing.result()
    assert worker.pid is None


def test_a_model_that_is_closed_while_it_loads(worker: WorkerEngine) -> None:
    stop(worker)
    process, waiting = worker._process, threading.Event()
    assert process
    receive = process.receive

    def told(number: int, seconds: float | None) -> object:
        waiting.set()
        return receive(number, seconds)

    process.receive = told  # type: ignore[method-assign]
    with ThreadPoolExecutor() as threads:
        model = threads.submit(lambda: worker.model)
        waiting.wait()
        worker.close()
        with pytest.raises(ModelError, match="was closed while it loaded"):
            model.result()
    assert worker.pid is None
    assert worker.model.name == "builtin"


def test_what_is_interrupted_while_it_waits_leaves_no_answers(
    worker: WorkerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.context(NAME).used
    process = worker._process
    assert process
    open_questions = set(process._answers)

    def interrupted(number: int, seconds: float | None) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "receive", interrupted)
    for ask in (lambda: worker.context(NAME), lambda: list(worker.reply(NAME))):
        with pytest.raises(KeyboardInterrupt):
            ask()
    assert set(process._answers) == open_questions
