"""Opening the model that was chosen, here or in a process of its own."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from backends.config_file import read_model_type
from backends.errors import BackendError

from ..errors import ModelError
from ..model_choice import ANY_MODEL, ModelChoice
from .backend import choose_backend
from .loader import LoadedModel, OwnProcessNeededError, open_model
from .worker import WorkerEngine


def open_here_or_apart(
    directory: Path,
    name: str,
    sha256: str | None = None,
    choice: ModelChoice = ANY_MODEL,
    preparing: Callable[[str], None] = lambda text: None,
) -> LoadedModel | WorkerEngine:
    """Load a model; one of a family that may crash in a process of its own.

    It is loaded when this returns. The arguments and errors are those of
    `open_model`.
    """
    try:
        model_type = read_model_type(directory)
    except BackendError as error:
        raise ModelError(str(error)) from error
    chosen = choose_backend(choice.backend, choice.dtype, model_type)
    if not chosen.entry.own_process:
        # Another backend may take its place.
        with suppress(OwnProcessNeededError):
            return open_model(
                directory, name, sha256, choice, preparing, own_process=False
            )
    engine = WorkerEngine(directory, name, sha256, choice=choice, preparing=preparing)
    try:
        _ = engine.model
    except BaseException:
        engine.close()
        raise
    return engine
