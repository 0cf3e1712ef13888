"""The model that comes with the program."""

from collections.abc import Callable
from importlib.resources import as_file, files

from ..errors import ModelError
from ..paths import models_directory, private_directory
from .store import BUILTIN, InstalledModel, open_directory

CHECKPOINT = "model.safetensors"
# Of the checkpoint in assets: tells whether the converted copy is of this version.
CHECKPOINT_SHA256 = "667bdc01fbb7fe14d3399c995584438ac2c11db9e87509d26595726177a96a63"


def ensure_builtin(converting: Callable[[], None] = lambda: None) -> InstalledModel:
    """The built-in model, converted into the models folder on first use.

    `converting` is called when that has to be done. Raises `ModelError`.
    """
    directory = models_directory() / BUILTIN
    model = open_directory(directory)
    manifest = model.manifest
    if manifest and not model.problem and manifest.source.sha256 == CHECKPOINT_SHA256:
        return model
    from converters import ConversionError, convert

    converting()
    try:
        private_directory(models_directory())
        with as_file(files("assets") / "genesis-nano") as source:
            convert(source / CHECKPOINT, directory, name=BUILTIN, replace=True)
    except (ConversionError, OSError) as error:
        raise ModelError(f"The built-in model cannot be prepared: {error}") from error
    return open_directory(directory)
