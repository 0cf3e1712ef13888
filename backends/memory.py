"""Whether a model's weights fit the memory of this computer."""

from importlib import import_module
from pathlib import Path

from .errors import BackendError
from .registry import Entry, has_metal


class MemoryLimitError(BackendError):
    """A model that is larger than the memory here."""


def check_weights(entry: Entry, directory: Path) -> None:
    """Refuse a model in a directory that is too large for where an entry runs it.

    Raises `MemoryLimitError`, and `WeightsError` for damaged files.
    """
    if entry.sizes is not None:
        stored, _ = import_module(entry.sizes).weight_sizes(directory)
        check_bytes(entry, stored)


def check_bytes(entry: Entry, weight_bytes: int) -> None:
    """As `check_weights`, for weights of so many bytes. Raises `MemoryLimitError`."""
    limit, whose = memory_limit(entry)
    if entry.sizes is not None and weight_bytes > limit:
        raise MemoryLimitError(
            f"needs {_gigabytes(weight_bytes)} of memory for its weights alone, and "
            f"{whose} {_gigabytes(limit)}"
        )


def memory_limit(entry: Entry) -> tuple[int, str]:
    """Bytes that weights can take where an entry runs them, and who says so."""
    if entry.name == "mlx" and entry.is_installed and has_metal():
        working_set: int = import_module("backends.mlx_base.device").working_set()
        return working_set, "Metal can use"
    import psutil

    return int(psutil.virtual_memory().total), "this computer has"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
