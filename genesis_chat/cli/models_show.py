"""`models list` and `models verify`."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..errors import ModelError
from ..text import sanitize
from .models_training import facts, origin, row_of_adapter
from .options import complete_model
from .show import notice

if TYPE_CHECKING:
    from converters import Manifest

    from ..models import InstalledModel


@click.command("list")
@click.option("--json", "json_output", is_flag=True, help="Print a JSON array.")
def list_command(json_output: bool) -> int:
    """List installed models with their adapters, and models in the Hub's cache."""
    rows = list(_rows())
    if json_output:
        click.echo(json.dumps(rows))
        return 0
    for row in rows:
        mark = "*" if row["default"] else " "
        size = f"{row['bytes'] / 1e6:,.0f} MB" if "bytes" in row else ""
        count = f"{row['parameters'] / 1e6:,.1f}M" if "parameters" in row else ""
        family, dtype = row.get("family", ""), row.get("dtype", "")
        name = f"+ {row['name']}" if "adapter_of" in row else row["name"]
        columns = f"{name:<24} {count:>8} {family:<8} {dtype:<16} {size:>9}"
        state = row["state"]
        if row.get("hub_cache"):
            state = f"{state}, in the Hub's cache"
        state += f": {row['problem']}" if "problem" in row else ""
        click.echo(sanitize(f"{mark} {columns}  {state}".rstrip()))
        if "training" in row:
            click.echo(sanitize(f"    {origin(row['training'])}"))
    return 0


def _rows() -> Iterator[dict[str, Any]]:
    """A row for every model, with its adapters behind it; those without one last."""
    from ..models import (
        BUILTIN,
        adapters_by_base,
        builtin,
        cached_models,
        default_name,
        installed,
    )

    default, adapters = default_name(), adapters_by_base()

    def behind(name: str) -> Iterator[dict[str, Any]]:
        for model in adapters.pop(name, []):
            yield row_of_adapter(model, default)
            yield from behind(model.name)

    for model in installed():
        if not model.adapter:
            yield _row(model, default)
            yield from behind(model.name)
    if builtin().directory.is_dir():
        yield _row(builtin(), default)
    else:
        yield {"name": BUILTIN, "default": default == BUILTIN, "state": "not prepared"}
    yield from behind(BUILTIN)
    for model in cached_models():
        yield _row(model, default)
        yield from behind(model.name)
    # What is left is for models at a path, or for none.
    for name in list(adapters):
        yield from behind(name)


def _row(model: "InstalledModel", default: str) -> dict[str, Any]:
    row: dict[str, Any] = {"name": model.name, "default": model.name == default}
    if model.family:
        row["family"] = model.family
    if model.manifest:
        row["parameters"] = model.manifest.parameters
        row["dtype"] = dtype_of(model.manifest)
    elif model.folder:
        row["dtype"] = model.folder.quantization or ""
    row["bytes"] = model.bytes
    row["state"] = "ready" if model.problem is None else "damaged"
    if model.training:
        row["training"] = facts(model.training)
    if model.cached:
        row["hub_cache"] = True
        if model.problem and model.folder:
            row["state"] = "incomplete" if model.folder.problem else "cannot be run"
            row["problem"] = model.problem
    return row


def dtype_of(manifest: "Manifest") -> str:
    """What a converted model's matrices are stored in."""
    if manifest.quantization is None:
        return str(manifest.dtype)
    return f"{manifest.quantization}-bit, {manifest.dtype}"


@click.command("verify")
@click.argument("name", required=False, shell_complete=complete_model)
def verify_command(name: str | None) -> int:
    """Verify a model's files against their checksums."""
    from converters import verify
    from converters.hub_cache import verify_snapshot

    from ..models import choose, default_name, look
    from .models_install import progress_bar

    found = look(name or default_name())
    # An adapter's own files: what is fused of it is made again when it is damaged.
    model = found if found.adapter else choose(name)
    if model.cached and model.problem:
        raise ModelError(model.problem)
    unlisted = model.manifest is None and model.adapter is None
    if unlisted and not model.cached and not model.problem:
        raise ModelError(
            f"{model.directory} has no manifest to verify against; install it with "
            f"`genesis-chat models convert` first."
        )
    with progress_bar() as progress:
        check = verify_snapshot if model.cached else verify
        problems = check(model.directory, progress)
    if problems:
        listed = " ".join(problems)
        if model.cached:
            raise ModelError(
                f"{model.name} is damaged: {listed} Download it again with: hf "
                f"download {model.name.replace('@', ' --revision ')} --force-download"
            )
        raise ModelError(
            f"{model.name} is damaged: {listed} Install it again with --force."
        )
    notice(f"{model.name} is intact.")
    return 0
