"""The processes that train together: started, watched, ended."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...engine.child_process import ChildProcess, module_command
from ...errors import GenesisChatError

WORKER = "genesis_chat.training.builtin.worker"
HOME = "127.0.0.1"
POLL_SECONDS, PATIENCE_SECONDS = 1.0, 60.0
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
        for line in processes[0].lines(POLL_SECONDS):
            if line is None:
                for rank, process in enumerate(processes):
                    _check(folder, rank, process.code)
                continue
            last = json.loads(line)
            if "loss" in last:
                told(last)
        # The first has ended; the others end with it, or wait for it forever.
        for rank, process in enumerate(processes):
            _check(folder, rank, _left(process))
    return last


@contextmanager
def _started(
    folder: Path, arguments: list[str], count: int
) -> Iterator[list[ChildProcess]]:
    with ExitStack() as stack:
        hosts = folder / "hosts.json"
        places = [[f"{HOME}:{port}"] for port in _free_ports(count)]
        hosts.write_text(json.dumps(places), encoding="utf-8")
        stack.callback(hosts.unlink)
        processes = []
        for rank in range(count):
            ring = {"MLX_RANK": str(rank), "MLX_HOSTFILE": str(hosts)}
            process = ChildProcess(
                module_command(WORKER, *arguments),
                environment=ENVIRONMENT | ring if count > 1 else ENVIRONMENT,
                errors=stack.enter_context(_log(folder, rank).open("w")),
                # Each ends with a checkpoint on Ctrl-C.
                session=False,
            )
            processes.append(stack.enter_context(process))
        yield processes


def _left(process: ChildProcess) -> int:
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return 1


def _check(folder: Path, rank: int, code: int | None) -> None:
    """Raise `GenesisChatError` when a process has failed; None is one that runs."""
    if not code:
        return
    log = _log(folder, rank)
    lines = [line for line in log.read_text().splitlines() if line.strip()]
    reason = lines[-1].rstrip(".") if lines else f"it ended with code {code}"
    raise GenesisChatError(
        f"A process that trains failed: {reason}. All it said is in {log}; go on with "
        "--resume."
    )


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
