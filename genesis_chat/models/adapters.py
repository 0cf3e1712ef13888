"""Adapters in use: fused with their base into a folder that any backend runs.

Both backends read, pack and cut weights in ways of their own, and keep what they make
beside them; a fused folder is a model like any other to all of that, and computes
exactly what was trained. It lies among what can be made again, under a name that its
weights decide.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..errors import GenesisChatError, ModelError
from ..paths import cache_directory, needed_cache_directory, private_directory
from ..text_files import not_written
from .builtin import builtin
from .store import InstalledModel, installed, open_directory

if TYPE_CHECKING:
    from converters import Manifest
    from converters.training_record import TrainingRecord

FOLDER = "adapters"
# Of a digest, in names of folders and in sentences.
DIGITS = 16
# Changes with what fusing makes of the same two files.
FORM = "1"


def base_of(
    adapter: InstalledModel, chosen: Callable[[str], InstalledModel]
) -> InstalledModel:
    """The model that an adapter was trained on, under its name or another.

    `chosen` finds a model by its name. Raises `ModelError`.
    """
    assert adapter.adapter
    record = adapter.adapter.training.base
    try:
        base = chosen(record.name)
    except GenesisChatError:
        base = None
    if base and base.sha256 == record.sha256:
        if base.problem:
            raise ModelError(base.problem)
        return base
    for model in (*installed(), builtin()):
        known = model.manifest is not None and not model.problem
        if known and model.sha256 == record.sha256:
            return model
    wanted = f"sha256 {record.sha256[:DIGITS]}…"
    if base is None:
        raise ModelError(
            f"{adapter.name} is an adapter of the model {record.name} ({wanted}), "
            f"which is not here; install that, or train {adapter.name} again."
        )
    raise ModelError(
        f"{adapter.name} is an adapter of another {record.name} ({wanted}) than the "
        f"one that is here; install that, or train {adapter.name} again."
    )


def with_base(
    adapter: InstalledModel,
    chosen: Callable[[str], InstalledModel],
    preparing: Callable[[str], None],
) -> InstalledModel:
    """An adapter and its base as one model, made the first time it is asked for.

    `preparing` is told when that has to be done. Raises `ModelError`, `UsageError`.
    """
    base = base_of(adapter, chosen)
    text = f"{FORM} {base.sha256} {adapter.sha256}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
    folder = needed_cache_directory() / FOLDER
    directory = folder / f"{_file_name(adapter.name)}-{digest}"
    if directory.is_dir():
        model = open_directory(directory, adapter.name)
        if not model.problem:
            return model
    preparing(f"Preparing the adapter {adapter.name} (first run only)…")
    try:
        private_directory(folder)
    except OSError as error:
        raise ModelError(not_written(folder, error)) from error
    forget(adapter.name)
    fuse_into(base, adapter, directory)
    return open_directory(directory, adapter.name)


def fuse_into(base: InstalledModel, adapter: InstalledModel, directory: Path) -> None:
    """Make a model's directory of an adapter and its base. Raises `ModelError`."""
    from converters.adapter import ADAPTERS

    assert adapter.adapter
    fuse_into_folder(
        base.directory,
        manifest_of(base),
        adapter.directory / ADAPTERS,
        directory,
        adapter.adapter.training,
    )


def fuse_into_folder(
    base: Path,
    manifest: "Manifest",
    weights: Path,
    directory: Path,
    training: "TrainingRecord",
    *,
    texts: Mapping[str, str] = MappingProxyType({}),
    replace: bool = False,
) -> None:
    """The same of a file of trained weights; see `converters.fusing.fuse`.

    Raises `ModelError`.
    """
    from converters import ConversionError
    from converters.fusing import fuse

    scale = training.settings.get("scale")
    try:
        fuse(
            base,
            manifest,
            weights,
            directory,
            scale=float(scale) if isinstance(scale, int | float) else 1.0,
            training=training,
            texts=texts,
            replace_existing=replace,
        )
    except ConversionError as error:
        raise ModelError(str(error)) from error


def manifest_of(model: InstalledModel) -> "Manifest":
    """A model's manifest, made up for a folder that has none. Raises `ModelError`."""
    from converters import ConversionError
    from converters.whole_folder import manifest_of_folder

    if model.manifest:
        return model.manifest
    if model.folder is None:
        raise ModelError(
            f"{model.directory} has no manifest, so nothing can be trained on it; "
            "install it with: genesis-chat models convert"
        )
    try:
        return manifest_of_folder(
            model.directory, model.folder, model.name, model.sha256 or ""
        )
    except ConversionError as error:
        raise ModelError(str(error)) from error


def forget(name: str) -> None:
    """Delete what was fused of an adapter; it is made again when it is needed."""
    from converters import ConversionError
    from converters.storage import remove_directory

    cache = cache_directory()
    if cache is None or not (cache / FOLDER).is_dir():
        return
    own = re.compile(rf"{re.escape(_file_name(name))}-[0-9a-f]{{{DIGITS}}}")
    for path in (cache / FOLDER).iterdir():
        if own.fullmatch(path.name):
            # Whoever uses it now goes on; what cannot be deleted costs only room.
            with suppress(ConversionError):
                remove_directory(path, waiting=lambda: None)


def _file_name(name: str) -> str:
    """A name as that of a folder, also where it is a repository's: owner/name."""
    return name.replace("/", "--")
