"""What models run on here, what its backends find, what a model is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backends import registry
from backends.config_file import read_model_type
from backends.contract import Description, DeviceFacts, Finding
from backends.errors import BackendError

from ..errors import ModelError
from .backend import choose_backend


@dataclass(frozen=True)
class BackendFacts:
    """The backend that is chosen here, why, and what it runs on."""

    backend: str
    why: str
    runs_on: DeviceFacts


def backend_facts(backend: str = "auto", dtype: str | None = None) -> BackendFacts:
    """Look at the backend chosen for them, without a model. Raises `UsageError`."""
    chosen = choose_backend(backend, dtype)
    facts = chosen.entry.backend().device_facts()
    return BackendFacts(chosen.name, chosen.why, facts)


def findings() -> Iterator[Finding]:
    """What every backend finds out about itself, such as whether its kernels agree.

    Raises `ModelError` when one cannot be examined as asked.
    """
    try:
        for entry in registry.entries_for():
            yield from entry.findings()
    except BackendError as error:
        raise ModelError(str(error)) from error


def has_own_files(directory: Path) -> bool:
    """Whether the model's folder is of no library's form. Raises `ModelError`."""
    try:
        entries = registry.entries_for(read_model_type(directory))
        return any(entry.own_files for entry in entries)
    except BackendError as error:
        raise ModelError(str(error)) from error


def describe(directory: Path) -> Description:
    """Read a model's configuration. Raises `ModelError`."""
    try:
        return registry.describe(directory)
    except BackendError as error:
        raise ModelError(str(error)) from error
