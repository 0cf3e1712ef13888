"""What is measured, and how a process of its own is asked to do it."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import GenerationError


@dataclass(frozen=True)
class Task:
    """What to measure: a model directory, on a backend or by a peer.

    `prompts` are their lengths in tokens; each is followed by `decoded` tokens, and
    all of it is done `repeats` times.
    """

    directory: str
    backend: str
    dtype: str | None
    prompts: tuple[int, ...]
    decoded: int
    repeats: int


def in_new_process(
    module: str, task: Task, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Let a module's `answer` do a task, in memory that holds nothing else.

    `environment` is added to this process's. Raises `GenerationError` with what that
    process said last.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", module],
        input=json.dumps(asdict(task)),
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise GenerationError(f"{task.backend} could not be measured: {last}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def answer(measured: Callable[[Task], dict[str, Any]]) -> None:
    """Read a task on stdin and write what was found."""
    values = json.load(sys.stdin)
    found = measured(Task(**{**values, "prompts": tuple(values["prompts"])}))
    print(json.dumps(found))


def peak_memory() -> int | None:
    """Most bytes this process has held; None where the system does not tell."""
    if platform.system() == "Linux":
        # getrusage counts the parent too, whose memory a new process begins with.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        line = next(x for x in status.splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    if platform.system() == "Windows":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def rows(
    task: Task,
    vocabulary: int,
    reply: Callable[[Sequence[int], int], Iterable[object]],
) -> list[dict[str, Any]]:
    """Figures for each prompt; `reply` yields so many tokens after a new prompt."""
    return list(_rows(task, vocabulary, reply))


def prompt_of(length: int, vocabulary: int) -> list[int]:
    """Tokens of a prompt; which ones does not matter to a speed."""
    return [(7 * n + 11) % vocabulary for n in range(length)]


def _rows(
    task: Task,
    vocabulary: int,
    reply: Callable[[Sequence[int], int], Iterable[object]],
) -> Iterator[dict[str, Any]]:
    for length in task.prompts:
        firsts, speeds = [], []
        prompt = prompt_of(length, vocabulary)
        # The first time warms up what later replies find warm.
        for repeat in range(task.repeats + 1):
            began = time.perf_counter()
            times = [time.perf_counter() for _ in reply(prompt, task.decoded + 1)]
            if repeat:
                firsts.append(times[0] - began)
                speeds.append((len(times) - 1) / (times[-1] - times[0]))
        yield {
            "prompt_tokens": length,
            "seconds_to_first_token": spread(firsts),
            "prefill_tokens_per_second": spread([length / each for each in firsts]),
            "decode_tokens_per_second": spread(speeds),
        }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
    }
