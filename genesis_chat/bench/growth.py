"""What a token costs more after a long text than after a short one."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from .task import Task, prompt_of


def growth(
    task: Task, vocabulary: int, reply: Callable[[Sequence[int], int], Iterator[object]]
) -> dict[str, float] | None:
    """What a token takes whatever came before it, and what each 1,000 tokens add.

    Two replies, after the shortest and the longest prompt, are written in turns, and
    the median is taken of the ratios of tokens that follow each other: what else the
    computer does falls on both alike. None with prompts of one length only.

    `reply` yields so many tokens after a prompt; two of them may run at once.
    """
    short, long = min(task.prompts), max(task.prompts)
    if short == long:
        return None
    pairs = []
    for _ in range(task.repeats):
        replies = [
            reply(prompt_of(length, vocabulary), task.decoded + 1)
            for length in (short, long)
        ]
        for each in replies:
            next(each)
        # The turns stay in one order: a backend may be a token ahead, and then waits
        # in each turn for the token of that very reply.
        pairs += [
            (_seconds(replies[0]), _seconds(replies[1])) for _ in range(task.decoded)
        ]
    return line(short, long, pairs)


def line(
    short: int, long: int, pairs: Sequence[tuple[float, float]]
) -> dict[str, float]:
    """The straight line through tokens after `short` and after `long` others.

    `pairs` are their seconds, measured one right after the other.
    """
    token = 1000 * statistics.median(seconds for seconds, _ in pairs)
    ratio = statistics.median(longer / shorter for shorter, longer in pairs)
    slope = token * (ratio - 1) / (long - short) * 1000
    return {
        "milliseconds": token - slope * short / 1000,
        "milliseconds_per_1000_tokens": slope,
    }


def _seconds(reply: Iterator[object]) -> float:
    began = time.perf_counter()
    next(reply)
    return time.perf_counter() - began
