"""Starting the machines, and taking what they answer."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import GenerationError, UsageError
from .job import Job

# `mlx.launch` as a module, which is there wherever MLX is.
LAUNCH = "from mlx._distributed_utils.launch import main; main()"
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
    check_hosts(hosts)
    if find_spec("mlx") is None:
        raise UsageError(
            "--machines needs MLX, which is not installed here; install it with: "
            "python -m pip install mlx"
        )
    command = [sys.executable, "-c", LAUNCH, "--hostfile", str(hosts)]
    command += ["--backend", "ring", "--python", sys.executable, "--", "-m", MACHINE]
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
        # It stays open: the launcher takes its end for something to pass on for ever.
        process.stdin.write(job.to_bytes())
        process.stdin.flush()
        yield from _rounds(lines, cancelled)
    except BrokenPipeError as error:
        raise GenerationError("The machines could not be started.") from error
    finally:
        _end(process)
        reader.join()


def check_hosts(hosts: Path) -> None:
    """Raise `UsageError` for a file that names no machines."""
    try:
        found = json.loads(hosts.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{hosts} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{hosts} is not JSON.") from error
    found = found.get("hosts") if isinstance(found, dict) else found
    if not isinstance(found, list) or not found or not all(map(_is_host, found)):
        raise UsageError(
            f"{hosts} names no machines; write a list such as "
            '[{"ssh": "studio.local", "ips": ["10.0.0.2"]}].'
        )


def _is_host(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("ssh"), str)
        and isinstance(value.get("ips"), list)
        and bool(value["ips"])
    )


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
