"""The process that trains, as the one who started it sees it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..engine.child_process import PIPE, ChildProcess, module_command
from ..engine.launching import launch_command
from ..errors import GenerationError
from .run_folder import STOP, RunFolder

WORKER = "genesis_chat.training.worker"


class TrainingProcess:
    """A running training; leaving the `with` block ends it.

    It ends after the step in which whoever started it is gone.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._stop = folder.path / STOP
        self._stop.unlink(missing_ok=True)
        # Ctrl-C is asked of it by `stop`, so that it ends with a checkpoint.
        self._process = ChildProcess(command(folder), errors=PIPE)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end after this step, with a checkpoint."""
        self._stop.touch()

    def events(self, seconds: float = 0.2) -> Iterator[dict[str, Any] | None]:
        """What it tells, and None whenever nothing has come for a moment.

        Raises `GenerationError` when it fails.
        """
        ended = False
        for line in self._process.lines(seconds):
            if line is None:
                yield None
                continue
            try:
                event = json.loads(line)
                kind = event["kind"]
            except (ValueError, KeyError, TypeError):
                # A library's, or mlx.launch's own.
                self._process.said.append(line)
                continue
            if kind == "error":
                raise GenerationError(str(event["text"]))
            ended = ended or kind == "outcome"
            yield event
        code = self._process.wait()
        # Where a machine fails, mlx.launch itself does not.
        if code or not ended:
            raise GenerationError(self._failure(code))

    def __enter__(self) -> "TrainingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def _failure(self, code: int) -> str:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        last = self._process.last_line().rstrip(".")
        return (
            f"The training process ended with {how}{f': {last}' if last else ''}; what "
            "was done up to the last checkpoint is kept, so go on with: genesis-chat "
            "finetune --resume"
        )


def command(folder: RunFolder) -> list[str]:
    """What is started: the worker, or one on each of several machines."""
    if folder.plan.machines is None:
        return module_command(WORKER, str(folder.path))
    return launch_command(Path(folder.plan.machines), WORKER, str(folder.path))
