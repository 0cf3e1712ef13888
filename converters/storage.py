"""A directory that appears whole or not at all, even when the process is killed."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .destination import check_destination, write_error
from .durability import sync_directory, sync_tree
from .errors import ConversionError, shown

# Longer than any conversion; a lock held by a dead process is free at once.
LOCK_SECONDS = 3600.0
# Between the two renames of a replacement nothing is done but these.
RENAME_SECONDS = 10.0
PARTIAL, REPLACED, LOCK = ".genesis-partial", ".genesis-replaced", ".genesis-lock"
REMOVED = ".genesis-removed"
SCRATCH = ".fetched"


@contextmanager
def new_directory(
    destination: Path,
    *,
    replace: bool,
    waiting: Callable[[], None],
    sources: Sequence[Path] = (),
) -> Iterator[Path]:
    """An empty directory to fill, renamed to `destination` at the end.

    On any error it is removed and what stood at `destination` stays. A directory
    that is replaced is moved aside first, so that a kill leaves the old one, the new
    one or none under the name; one moved aside by a killed process is put back by
    the next conversion to that name, which also removes its leftovers.

    Args:
        destination: an absolute path from `check_destination`.
        replace: whether an existing directory is replaced.
        waiting: called once when another process converts to the same name.
        sources: files that must not be replaced with a directory around them.
    """
    parent = destination.parent
    created = _missing_parents(parent)
    done = False
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _recover_others(parent, but=destination.name)
        with _locked(destination, waiting):
            partial, old = _beside(destination, PARTIAL), _beside(destination, REPLACED)
            _recover(destination)
            check_destination(destination, replace=replace, sources=sources)
            try:
                partial.mkdir()
                yield partial
                sync_tree(partial)
                if destination.exists():
                    os.rename(destination, old)
                os.rename(partial, destination)
                done = True
                sync_directory(parent)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
                if old.exists() and not destination.exists():
                    os.rename(old, destination)
                elif old.exists():
                    with suppress(OSError):
                        _delete(destination, old)
    except OSError as error:
        raise write_error(destination, error) from error
    finally:
        if not done:
            for directory in created:
                with suppress(OSError):
                    directory.rmdir()


@contextmanager
def scratch_directory(beside: Path, waiting: Callable[[], None]) -> Iterator[Path]:
    """An empty directory for work in the folder of `beside`, removed at the end.

    One that a killed process left is removed by the next work in that folder.
    """
    place = beside.with_name(f"{beside.name}{SCRATCH}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place, waiting):
            _recover(place)
            directory = _beside(place, PARTIAL)
            directory.mkdir()
            try:
                yield directory
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    except OSError as error:
        raise write_error(beside, error) from error


def remove_directory(directory: Path, waiting: Callable[[], None]) -> None:
    """Delete a model's directory: after a kill it is there whole or not at all.

    A symbolic link is deleted, and what it leads to stays. Raises `ConversionError`.
    """
    try:
        with _locked(directory, waiting):
            _recover(directory)
            if directory.is_symlink():
                directory.unlink()
            else:
                _delete(directory, directory)
    except OSError as error:
        raise write_error(directory, error) from error


def recover_directories(parent: Path) -> None:
    """Put right what killed processes left in a directory of models.

    Nothing is touched that another process is working on; for a moment in which a
    replaced model is gone, this waits. Raises `ConversionError`.
    """
    try:
        _recover_others(parent)
    except OSError as error:
        raise write_error(parent, error) from error


def settle(directory: Path) -> None:
    """Wait for a moment if the directory is gone because it is being replaced.

    What was left so by a killed process is put back.
    """
    from filelock import Timeout

    old = _beside(directory, REPLACED)
    if os.path.exists(old) and not os.path.exists(directory):
        with suppress(OSError, Timeout), _lock(directory, RENAME_SECONDS):
            _recover(directory)


def needs_recovery(parent: Path) -> bool:
    """Whether a killed process, or one at work, has left something to put right."""
    return any(
        path.name.endswith((PARTIAL, REPLACED, REMOVED))
        for path in parent.glob(".*.genesis-*")
    )


def _missing_parents(path: Path) -> list[Path]:
    """The directories that do not exist yet, deepest first."""
    missing = []
    while not path.exists() and path != path.parent:
        missing.append(path)
        path = path.parent
    return missing


def _beside(destination: Path, suffix: str) -> Path:
    return destination.parent / f".{destination.name}{suffix}"


def _delete(destination: Path, directory: Path) -> None:
    """Half-deleted it has a name from which nothing is put back."""
    gone = _beside(destination, REMOVED)
    if gone.exists():
        shutil.rmtree(gone)
    os.rename(directory, gone)
    shutil.rmtree(gone)


def _recover(destination: Path) -> None:
    """Under the lock, what is here was left by a killed process."""
    partial, old = _beside(destination, PARTIAL), _beside(destination, REPLACED)
    for gone in (partial, _beside(destination, REMOVED)):
        if gone.exists():
            shutil.rmtree(gone)
    if old.exists():
        if os.path.lexists(destination):
            _delete(destination, old)
        else:
            os.rename(old, destination)


def _recover_others(parent: Path, but: str = "") -> None:
    """Clean up after killed work on other names in the same directory."""
    from filelock import Timeout

    for suffix in (PARTIAL, REPLACED, REMOVED, LOCK):
        for path in parent.glob(f".*{suffix}"):
            name = path.name[1:].removesuffix(suffix)
            if name and name != but:
                settle(parent / name)
                with suppress(OSError, Timeout), _lock(parent / name, 0):
                    _recover(parent / name)


@contextmanager
def _locked(destination: Path, waiting: Callable[[], None]) -> Iterator[None]:
    from filelock import Timeout

    with ExitStack() as stack:
        try:
            stack.enter_context(_lock(destination, 0))
        except Timeout:
            waiting()
            try:
                stack.enter_context(_lock(destination, LOCK_SECONDS))
            except Timeout as error:
                raise ConversionError(
                    "Another process has been at work on "
                    f"{shown(str(destination))} for an hour; stop it and try again."
                ) from error
        yield


@contextmanager
def _lock(destination: Path, seconds: float) -> Iterator[None]:
    from filelock import FileLock

    path = _beside(destination, LOCK)
    # The library takes a folder in which no file can be made for one where another
    # has just removed it, and tries for ever.
    path.touch(0o644)
    guard = FileLock(path)
    guard.acquire(timeout=seconds)
    try:
        yield
    finally:
        # Removed while it is held: whoever waits sees that the file is gone and
        # takes the lock anew.
        with suppress(OSError):
            path.unlink()
        guard.release()
