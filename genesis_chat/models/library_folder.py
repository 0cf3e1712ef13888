"""A model's folder as mlx-lm reads it: links to files, and a tokenizer in its form.

It lies among what can be made again, always at the same place for the same model,
since mlx-lm writes a model's path into its adapters and prompt caches.
"""

import hashlib
import os
from pathlib import Path

from ..errors import ModelError
from ..paths import needed_cache_directory, private_directory
from ..text_files import new_file, not_written, replace_text

LINKED = ("config.json", "model.safetensors")


def is_library_folder(directory: Path) -> bool:
    """Whether transformers finds a tokenizer in the folder itself."""
    return (directory / "tokenizer_config.json").is_file()


def library_folder(directory: Path) -> Path:
    """The folder for a converted Genesis model, made or brought up to date.

    Raises `ModelError`, `UsageError`.
    """
    from backends.errors import BackendError
    from converters import ConversionError
    from converters.tokenization.library_form import library_files

    directory = directory.resolve()
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:8]
    folder = needed_cache_directory() / "mlx-lm" / f"{directory.name}-{digest}"
    try:
        files = library_files(directory)
    except (ConversionError, BackendError) as error:
        raise ModelError(str(error)) from error
    try:
        private_directory(folder)
        for name in LINKED:
            _link(folder / name, directory / name)
        for name, text in files.items():
            replace_text(folder / name, text)
    except OSError as error:
        raise ModelError(not_written(folder, error)) from error
    return folder


def _link(path: Path, target: Path) -> None:
    """Link to the target, in place of what was there."""
    with new_file(path) as file:
        file.partial.unlink(missing_ok=True)
        file.partial.symlink_to(target)
