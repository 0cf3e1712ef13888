"""`models list`, `info` and `verify`."""

import json
from typing import TYPE_CHECKING, Any

import click

from ..errors import ModelError
from ..text import sanitize
from .options import complete_model
from .show import notice

if TYPE_CHECKING:
    from ..models import InstalledModel

MIXERS = {
    "gla": "gated linear attention",
    "fox": "forgetting attention",
    "attention": "gated softmax attention",
    "ttt": "test-time training",
}


@click.command("list")
@click.option("--json", "json_output", is_flag=True, help="Print a JSON array.")
def list_command(json_output: bool) -> int:
    """List the installed models."""
    from ..models import BUILTIN, default_name, installed, open_directory
    from ..paths import models_directory

    models = installed()
    builtin = open_directory(models_directory() / BUILTIN, BUILTIN)
    default = default_name()
    rows = [_row(model, default) for model in models]
    rows.append(
        _row(builtin, default)
        if builtin.directory.is_dir()
        else {"name": BUILTIN, "default": default == BUILTIN, "state": "not prepared"}
    )
    if json_output:
        click.echo(json.dumps(rows))
        return 0
    for row in rows:
        mark = "*" if row["default"] else " "
        size = f"{row['bytes'] / 1e6:,.0f} MB" if "bytes" in row else ""
        count = f"{row['parameters'] / 1e6:,.1f}M" if "parameters" in row else ""
        family, dtype = row.get("family", ""), row.get("dtype", "")
        columns = f"{row['name']:<24} {count:>8} {family:<8} {dtype:<16} {size:>9}"
        click.echo(sanitize(f"{mark} {columns}  {row['state']}".rstrip()))
    return 0


def _row(model: "InstalledModel", default: str) -> dict[str, Any]:
    row: dict[str, Any] = {"name": model.name, "default": model.name == default}
    if model.manifest:
        row["family"] = model.manifest.family
        row["parameters"] = model.manifest.parameters
        row["dtype"] = _dtype(model.manifest)
    row["bytes"] = model.bytes
    row["state"] = "ready" if model.problem is None else "damaged"
    return row


def _dtype(manifest: Any) -> str:
    if manifest.quantization is None:
        return str(manifest.dtype)
    return f"{manifest.quantization}-bit, {manifest.dtype}"


@click.command()
@click.argument("name", required=False, shell_complete=complete_model)
@click.option("--json", "json_output", is_flag=True, help="Print one JSON object.")
def info(name: str | None, json_output: bool) -> int:
    """Say what a model is and where it comes from."""
    from dataclasses import asdict

    from ..engine import describe
    from ..models import choose

    model = choose(name)
    if model.manifest is None:
        raise ModelError(model.problem or f"{model.name} has no manifest.")
    about = describe(model.directory)
    if json_output:
        facts = {
            "name": model.name,
            "directory": str(model.directory),
            "bytes": model.bytes,
            "family": model.manifest.family,
            "context": about.context,
            "layers": about.layers,
            "flags": about.flags,
            "manifest": asdict(model.manifest),
            "problem": model.problem,
        }
        click.echo(json.dumps(facts))
        return 0
    source = model.manifest.source
    layers = ", ".join(
        f"{n} {MIXERS.get(kind, kind)}" for kind, n in about.layers.items()
    )
    revision = f" at {source.revision}" if source.revision else ""
    inside = "" if source.kind == "file" else f", {source.file}"
    was = model.manifest.stored_as
    lines = {
        "name": model.name,
        "family": model.manifest.family,
        "parameters": f"{model.manifest.parameters:,}",
        "layers": layers,
        "dtype": _dtype(model.manifest) + (f" (was {was})" if was else ""),
        "size": f"{model.bytes:,} bytes in {model.directory}",
        "context": f"{about.context:,} tokens",
        "source": f"{source.name}{revision}{inside}",
        "sha256": source.sha256,
        "tokenizer": model.manifest.tokenizer_kind,
        "converted": model.manifest.created,
        "configuration": _provenance(model.manifest),
        "left out": ", ".join(model.manifest.left_out) or "nothing",
    }
    if was:
        lines["license"] = model.manifest.license or "the source does not say"
    for key, value in lines.items():
        click.echo(sanitize(f"{key:<14} {value}"))
    for key, flag in about.flags.items():
        click.echo(sanitize(f"  {key:<26} {flag}"))
    if model.problem:
        raise ModelError(model.problem)
    return 0


def _provenance(manifest: Any) -> str:
    if manifest.configuration == "metadata":
        return "read from the source"
    assumed = "ASSUMED: the checkpoint holds none, so the released model's is used"
    if manifest.corrected:
        fields = ", ".join(manifest.corrected)
        assumed += f", corrected by the shapes of the tensors in {fields}"
    return f"{assumed}; what shapes cannot show may be wrong"


@click.command("verify")
@click.argument("name", required=False, shell_complete=complete_model)
def verify_command(name: str | None) -> int:
    """Compare every file of a model with its recorded sha256."""
    from converters import verify

    from ..models import choose
    from .models_install import progress_bar

    model = choose(name)
    with progress_bar() as progress:
        problems = verify(model.directory, progress)
    if problems:
        listed = " ".join(problems)
        raise ModelError(
            f"{model.name} is damaged: {listed} Install it again with --force."
        )
    notice(f"{model.name} is whole.")
    return 0
