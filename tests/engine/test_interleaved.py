"""Several questions to one process at a time, and what becomes of them at its end."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from turns import GREEDY, WILD, finished

from genesis_chat.engine import Event, Finished, Request, Text, WorkerEngine
from genesis_chat.errors import GenerationError

NAME = Request("My name is Bob.", GREEDY, "You are a helpful assistant.")
STORY = replace(NAME, content="Tell me a story", settings=replace(WILD, max_tokens=40))


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


def test_a_crash_ends_them_all_and_starts_one_process(worker: WorkerEngine) -> None:
    long = replace(STORY, settings=replace(WILD, max_tokens=900))
    replies = [worker.reply(long), worker.reply(replace(long, content="Another"))]
    begun(replies[0])
    first = worker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    with pytest.raises(GenerationError, match="crashed"):
        list(replies[0])
    second = worker.pid
    assert second != first
    # It had not begun: its question is put to the new process.
    assert text(replies[1]) and worker.pid == second


def test_a_model_that_is_closed_meanwhile(worker: WorkerEngine) -> None:
    story = worker.reply(replace(STORY, settings=replace(WILD, max_tokens=900)))
    begun(story)
    worker.close()
    told: list[Event] = []
    with pytest.raises(GenerationError, match="was closed while it replied"):
        for event in story:
            told.append(event)
    assert worker.pid is None and isinstance(told[-1], Finished)
    assert told[-1].reply.finish_reason == "error"
    assert finished(worker.reply(NAME)).finish_reason == "stop"
