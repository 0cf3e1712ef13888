"""The processes that train together: started, watched, ended."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...errors import GenesisChatError

WORKER = "genesis_chat.training.builtin.worker"
HOME = "127.0.0.1"
# MLX frees and takes large arrays all the time: glibc is not to give them back to the
# system each time, which costs a tenth of the speed. Others do not read these.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": f"{4 << 30}",
    "MALLOC_TRIM_THRESHOLD_": f"{8 << 30}",
    "MALLOC_TOP_PAD_": f"{256 << 20}",
}


def train_together(
    folder: Path,
    stage: str,
    seconds: float,
    count: int,
    *,
    resume: bool,
    told: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Train a stage in `count` processes; how it ended, as the first one tells.

    They share each step's examples over MLX's ring on the loopback interface, each
    with one BLAS thread. What they say besides goes into files in the folder. Raises
    `GenesisChatError` when one of them fails.
    """
    arguments = [str(folder), stage, str(seconds), *(["--resume"] if resume else [])]
    last: dict[str, Any] = {}
    with _started(folder, arguments, count) as processes:
        first = processes[0].stdout
        assert first is not None
        for line in first:
            last = json.loads(line)
            if "loss" in last:
                told(last)
        # The first has ended; the others end with it, or wait for it forever.
        for process in processes:
            try:
                code = process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                code = 1
            if code:
                raise GenesisChatError(_failure(folder, code))
    return last


@contextmanager
def _started(
    folder: Path, arguments: list[str], count: int
) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", WORKER, *arguments]
    with ExitStack() as stack:
        hosts = folder / "hosts.json"
        places = [[f"{HOME}:{port}"] for port in _free_ports(count)]
        hosts.write_text(json.dumps(places), encoding="utf-8")
        stack.callback(hosts.unlink)
        processes = []
        for rank in range(count):
            log = stack.enter_context(_log(folder, rank).open("w"))
            environment = {**os.environ, **ENVIRONMENT}
            if count > 1:
                environment |= {"MLX_RANK": str(rank), "MLX_HOSTFILE": str(hosts)}
            process = subprocess.Popen(
                command,
                env=environment,
                stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
            stack.callback(_end, process)
            processes.append(process)
        yield processes


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            listening = stack.enter_context(socket.socket())
            listening.bind((HOME, 0))
            found.append(int(listening.getsockname()[1]))
    return found


def _log(folder: Path, rank: int) -> Path:
    return folder / f"process-{rank}.log"


def _failure(folder: Path, code: int) -> str:
    lines = [line for line in _log(folder, 0).read_text().splitlines() if line.strip()]
    reason = lines[-1].rstrip(".") if lines else f"it ended with code {code}"
    return (
        f"A process that trains failed: {reason}. All it said is in {_log(folder, 0)}; "
        "go on with --resume."
    )
