"""Refusing a model that the memory cannot hold, before it is loaded."""

from pathlib import Path

from backends.config_file import read_model_type
from backends.errors import BackendError
from backends.memory import MemoryLimitError, check_weights

from ..errors import ModelError
from .backend import choose_backend


def check_memory(
    directory: Path, name: str, backend: str = "auto", dtype: str | None = None
) -> None:
    """Raise `ModelError` with the numbers when a model's weights are too large here.

    Raises `UsageError` for a backend or dtype that does not do.
    """
    try:
        chosen = choose_backend(backend, dtype, read_model_type(directory))
        check_weights(chosen.entry, directory)
    except MemoryLimitError as error:
        raise ModelError(
            f"{name} {error}; choose a smaller or a quantised version, or insist with "
            "--force."
        ) from error
    except BackendError as error:
        raise ModelError(str(error)) from error
