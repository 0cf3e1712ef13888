"""Folders of a run that appear whole and go whole, even when the process is killed."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKPOINT, BEST = "checkpoint", "best"
# What is trained, in a checkpoint and in the best; the latter as mlx-lm reads it.
WEIGHTS, ADAPTERS = "weights.safetensors", "adapters.safetensors"
_NUMBERED = re.compile(r"(?P<hidden>\.?)(?P<kind>checkpoint|best)-(?P<step>\d{8,})")


def numbered(folder: Path, kind: str, step: int) -> Path:
    """Where something of a run is after so many steps."""
    return folder / f"{kind}-{step:08}"


def steps_of(folder: Path, kind: str) -> list[int]:
    """After which steps there is something of a kind, ascending."""
    found = (match for _, match in _matches(folder) if match["kind"] == kind)
    return sorted(int(match["step"]) for match in found if not match["hidden"])


def has_checkpoint(folder: Path) -> bool:
    """Whether there is a run to go on with."""
    return bool(steps_of(folder, CHECKPOINT))


def result_weights(folder: Path) -> Path | None:
    """The trained weights of a run: the best if it was validated, or else the last.

    None before the first checkpoint.
    """
    for kind, name in ((BEST, ADAPTERS), (CHECKPOINT, WEIGHTS)):
        if steps := steps_of(folder, kind):
            return numbered(folder, kind, steps[-1]) / name
    return None


def remove_run(folder: Path) -> None:
    """Delete a run's checkpoints and its best, and nothing else. Raises `OSError`."""
    for path, match in _matches(folder):
        if match["hidden"]:
            shutil.rmtree(path)
        else:
            remove(path)


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed process was writing or deleting. Raises `OSError`."""
    for path, match in _matches(folder):
        if match["hidden"]:
            shutil.rmtree(path)


def remove(path: Path) -> None:
    """Delete a folder of a run. Raises `OSError`."""
    hidden = _hidden(path)
    if hidden.exists():
        shutil.rmtree(hidden)
    # It is never there in part under its own name.
    path.rename(hidden)
    shutil.rmtree(hidden)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which gets its name when all in it is on the disk.

    One of that name is deleted first: no checkpoint has need of it, if a run comes by
    the same step again. Raises `OSError`.
    """
    hidden = _hidden(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        remove(path)
    if hidden.exists():
        shutil.rmtree(hidden)
    hidden.mkdir()
    try:
        yield hidden
        for each in (*hidden.iterdir(), hidden):
            _sync(each)
        hidden.rename(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _matches(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    if not folder.is_dir():
        return []
    pairs = [(path, _NUMBERED.fullmatch(path.name)) for path in folder.iterdir()]
    return [(path, match) for path, match in pairs if match]


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
