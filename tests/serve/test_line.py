"""The line in which requests wait: first come, first served, and bounded."""

import threading
from typing import Any

import pytest

from genesis_chat.serve.line import FullError, Line


def job(name: str) -> Any:
    """Who waits; a line only hands it on."""
    return name


def jobs(names: str) -> list[Any]:
    return [job(name) for name in names]


def line_of(*names: str, limit: int = 4) -> Line:
    line = Line(limit)
    for name in names:
        line.put(job(name))
    return line


def test_nobody_is_passed_over() -> None:
    line = line_of("a", "b", "c")
    assert line.next_if(lambda each: each != job("a")) is None
    assert line.next_if(lambda each: True) == job("a")
    line.put(job("d"))
    assert [line.get() for _ in range(3)] == jobs("bcd") and not len(line)


def test_it_is_bounded_and_who_leaves_makes_room() -> None:
    line = line_of("a", "b", limit=2)
    with pytest.raises(FullError):
        line.put(job("c"))
    line.leave(job("a"))
    # Somebody whose turn has come is not there any more.
    line.leave(job("a"))
    line.put(job("c"))
    assert [line.get(), line.get()] == jobs("bc")


def test_whoever_waits_for_the_next_is_told_of_it_and_of_the_end() -> None:
    line, taken = Line(2), list[object]()

    def take() -> None:
        while (found := line.get()) is not None:
            taken.append(found)
        taken.append("end")

    thread = threading.Thread(target=take)
    thread.start()
    line.put(job("a"))
    line.put(job("b"))
    while len(line):
        thread.join(0.001)
    assert line.close() == []
    thread.join()
    assert taken == ["a", "b", "end"]
    assert line_of("c", "d").close() == jobs("cd")
    assert line.get() is None and line.next_if(lambda each: True) is None
