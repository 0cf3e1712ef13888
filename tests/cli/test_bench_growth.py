"""How a token's time grows is told from pairs, whatever else the computer does."""

from collections.abc import Iterator, Sequence

import pytest

from genesis_chat.bench.growth import growth
from genesis_chat.bench.task import Task

# What everything takes longer while the computer does something else.
SLOWER = (1.0, 1.0, 3.0, 1.5, 1.0, 7.0, 2.0)


class Computer:
    """A token takes 4 ms and 1 ms for each 1,000 before it, and longer when busy."""

    def __init__(self, turns: int = 2) -> None:
        self.now, self.written, self.replies, self.turns = 0.0, 0, 0, turns

    def reply(self, prompt: Sequence[int], count: int) -> Iterator[None]:
        self.replies += 1
        self.now += len(prompt)
        for number in range(count):
            if number:
                busy = SLOWER[self.written // self.turns % len(SLOWER)]
                self.now += busy * (0.004 + 0.001 * len(prompt) / 1000)
                self.written += 1
            yield


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Computer:
    computer = Computer()
    clock = "genesis_chat.bench.growth.time.perf_counter"
    monkeypatch.setattr(clock, lambda: computer.now)
    return computer


def task(*prompts: int, repeats: int = 3) -> Task:
    return Task("", "cpu", None, prompts, 14, repeats)


def test_a_busy_computer_does_not_show(computer: Computer) -> None:
    found = growth(task(512, 16, 128, 2048), 100, computer.reply)
    assert found is not None and computer.replies == 6
    # The token itself is as slow as most of its time; the ratio is exact.
    share = found["milliseconds_per_1000_tokens"] / found["milliseconds"]
    assert share == pytest.approx(0.25)


def test_milliseconds_are_those_of_a_token(computer: Computer) -> None:
    computer.turns = 10**6
    found = growth(task(1000, 3000), 100, computer.reply)
    assert found is not None
    assert found["milliseconds"] == pytest.approx(4)
    assert found["milliseconds_per_1000_tokens"] == pytest.approx(1)


def test_one_length_tells_nothing(computer: Computer) -> None:
    assert growth(task(16, 16), 100, computer.reply) is None
    assert computer.replies == 0
