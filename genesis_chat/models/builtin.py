"""The model that comes with the program."""

from collections.abc import Callable
from importlib.resources import as_file, files

from ..errors import ModelError
from ..paths import models_directory
from .folder import BUILTIN, folder_problem, models_folder
from .store import InstalledModel, open_directory

CHECKPOINT = "model.safetensors"
# Of the checkpoint in assets: tells whether the converted copy is of this version.
CHECKPOINT_SHA256 = "2c10d0f7c97a0cbdee9a320b55c8ef8015f73b8c9adce87f513953e17328ddf5"


def builtin() -> InstalledModel:
    """The built-in model as it is now, which before its first use is not there."""
    return open_directory(models_directory() / BUILTIN)


def ensure_builtin(converting: Callable[[], None] = lambda: None) -> InstalledModel:
    """The built-in model, converted into the models folder on first use.

    `converting` is called when that has to be done. Raises `ModelError`.
    """
    model = builtin()
    if _current(model):
        return model
    from filelock import FileLock

    from converters import ConversionError, convert
    from converters.storage import remove_directory

    try:
        models = models_folder()
        # Whoever starts at the same time waits, and finds the model prepared.
        with FileLock(models / f".{BUILTIN}.lock"):
            model = open_directory(models / BUILTIN)
            if _current(model):
                return model
            converting()
            if model.directory.is_dir():
                remove_directory(model.directory, waiting=lambda: None)
            with as_file(files("assets") / "genesis-nano") as source:
                convert(source / CHECKPOINT, model.directory, name=BUILTIN)
    except ConversionError as error:
        raise ModelError(f"The built-in model cannot be prepared: {error}") from error
    except OSError as error:
        raise ModelError(folder_problem(models, "written", error)) from error
    return open_directory(model.directory)


def _current(model: InstalledModel) -> bool:
    manifest = model.manifest
    return (
        manifest is not None
        and not model.problem
        and manifest.source.sha256 == CHECKPOINT_SHA256
    )
