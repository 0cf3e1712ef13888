"""Starting the machines, and taking what they answer."""

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...engine.launching import launch_command
from ...errors import GenerationError
from .job import Job

MACHINE = "genesis_chat.batch.machines.machine"
POLL_SECONDS = 0.2
ENDING_SECONDS = 5.0


def answers_of(
    hosts: Path, job: Job, cancelled: Callable[[], bool]
) -> Generator[dict[str, Any]]:
    """Rounds of answers, in order: `answers`, generated `tokens` and lines `failed`.

    Ends early when it is `cancelled`. Raises `UsageError` for a file of hosts that is
    none, or without MLX; `GenerationError` when a machine ends early.
    """
    command = launch_command(hosts, MACHINE)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Its own processes are ended with it.
        start_new_session=True,
    )
    lines: queue.Queue[bytes] = queue.Queue()
    reader = threading.Thread(
        target=_read, args=(process, lines), name="answers of machines", daemon=True
    )
    reader.start()
    try:
        assert process.stdin is not None
        # It stays open; see `launch_command`.
        process.stdin.write(job.to_bytes())
        process.stdin.flush()
        yield from _rounds(lines, cancelled)
    except BrokenPipeError as error:
        raise GenerationError("The machines could not be started.") from error
    finally:
        _end(process)
        reader.join()


def _read(process: "subprocess.Popen[bytes]", lines: "queue.Queue[bytes]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(b"")


def _rounds(
    lines: "queue.Queue[bytes]", cancelled: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    while not cancelled():
        try:
            line = lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if not line:
            raise GenerationError(
                "A machine ended before all lines were answered; what it wrote is "
                "above. Run it again to go on."
            )
        try:
            yield json.loads(line)
        except ValueError as error:
            text = line[:80].decode(errors="replace").strip()
            raise GenerationError(f"A machine wrote no answer: {text!r}.") from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the launcher and what it has started here; ssh ends the rest."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(ENDING_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            # What was not taken any more is of no use to anybody.
            with suppress(BrokenPipeError):
                stream.close()
