"""The process that trains, as the one who started it sees it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..engine.launching import launch_command
from ..errors import GenerationError
from .run_folder import STOP, RunFolder

ROOT = Path(__file__).parents[2]
WORKER = "genesis_chat.training.worker"
LAST_LINES = 30
LEAVING_SECONDS, ENDING_SECONDS = 30.0, 5.0


class TrainingProcess:
    """A running training; leaving the `with` block ends it.

    It ends after the step in which whoever started it is gone.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._stop = folder.path / STOP
        self._stop.unlink(missing_ok=True)
        paths = (str(ROOT), os.environ.get("PYTHONPATH"))
        path = os.pathsep.join(filter(None, paths))
        self._process = subprocess.Popen(
            command(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C is asked of it by `stop`, so that it ends with a checkpoint.
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._said: deque[bytes] = deque(maxlen=LAST_LINES)
        self._threads = [
            threading.Thread(target=target, args=(stream,), daemon=True)
            for target, stream in (
                (self._read_lines, self._process.stdout),
                (self._read_errors, self._process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask it to end after this step, with a checkpoint."""
        self._stop.touch()

    def events(self, seconds: float = 0.2) -> Iterator[dict[str, Any] | None]:
        """What it tells, and None whenever nothing has come for a moment.

        Raises `GenerationError` when it fails.
        """
        ended = False
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                yield None
                continue
            if line is None:
                break
            try:
                event = json.loads(line)
                kind = event["kind"]
            except (ValueError, KeyError, TypeError):
                # A library's, or mlx.launch's own.
                self._said.append(line)
                continue
            if kind == "error":
                raise GenerationError(str(event["text"]))
            ended = ended or kind == "outcome"
            yield event
        code = self._process.wait(LEAVING_SECONDS)
        # Where a machine fails, mlx.launch itself does not.
        if code or not ended:
            for thread in self._threads:
                thread.join(LEAVING_SECONDS)
            raise GenerationError(self._failure(code))

    def __enter__(self) -> "TrainingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        # Those that mlx.launch has started are of its group.
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self._process.pid, number)
                self._process.wait(ENDING_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream
            stream.close()

    def _failure(self, code: int) -> str:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        words = b"".join(self._said).decode(errors="replace").strip().splitlines()
        last = f": {words[-1].strip().rstrip('.')}" if words else ""
        return (
            f"The training process ended with {how}{last}; what was done up to the "
            "last checkpoint is kept, so go on with: genesis-chat finetune --resume"
        )

    def _read_lines(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self._lines.put(line)
        except ValueError:
            # Closed while it was read.
            return
        finally:
            self._lines.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self._said.append(line)
        except ValueError:
            return


def command(folder: RunFolder) -> list[str]:
    """What is started: the worker, or one on each of several machines."""
    if folder.plan.machines is None:
        return [sys.executable, "-P", "-m", WORKER, str(folder.path)]
    return launch_command(Path(folder.plan.machines), WORKER, str(folder.path))
