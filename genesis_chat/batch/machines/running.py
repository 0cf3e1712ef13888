"""Answering the lines of a batch on several computers."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..output import Output
from ..running import Progress
from .job import Job
from .launching import answers_of


def run_on_machines(
    hosts: Path,
    job: Job,
    total: int,
    output: Output,
    cancelled: Callable[[], bool],
    told: Callable[[Progress], None],
) -> Progress:
    """Answer the lines that have no answer yet, shared between machines.

    Answers are written in the order of the `total` lines, as `run` writes them. Ends
    early when it is `cancelled`. Raises `UsageError` for a file of hosts that is none,
    or without MLX; `GenerationError` when a machine ends early.
    """
    progress = Progress(total, output.done, start=time.monotonic())
    with closing(answers_of(hosts, job, cancelled)) as rounds:
        for found in rounds:
            for answer in found["answers"]:
                output.write(answer)
            progress.done += len(found["answers"])
            progress.answered += len(found["answers"])
            progress.tokens += found["tokens"]
            progress.failed += found["failed"]
            told(progress)
            if progress.done == total:
                break
    return progress
