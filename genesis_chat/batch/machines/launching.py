"""Starting the machines, and taking what they answer."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from ...engine.child_process import ChildProcess
from ...engine.launching import launch_command
from ...errors import GenerationError
from .job import Job

MACHINE = "genesis_chat.batch.machines.machine"
POLL_SECONDS = 0.2


def answers_of(
    hosts: Path, job: Job, cancelled: Callable[[], bool]
) -> Generator[dict[str, Any]]:
    """Rounds of answers, in order: `answers`, generated `tokens` and lines `failed`.

    Ends early when it is `cancelled`. Raises `UsageError` for a file of hosts that is
    none, or without MLX; `GenerationError` when a machine ends early.
    """
    with ChildProcess(launch_command(hosts, MACHINE)) as process:
        try:
            process.send(job.to_bytes())
        except BrokenPipeError as error:
            raise GenerationError("The machines could not be started.") from error
        for line in process.lines(POLL_SECONDS):
            if line is not None:
                yield _round(line)
            if cancelled():
                return
    raise GenerationError(
        "A machine ended before all lines were answered; what it wrote is above. Run "
        "it again to go on."
    )


def _round(line: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError as error:
        text = line[:80].decode(errors="replace").strip()
        raise GenerationError(f"A machine wrote no answer: {text!r}.") from error
    return found
