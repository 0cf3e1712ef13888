"""`models scan`: what other programs keep on this computer."""

import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from ..text import sanitize

if TYPE_CHECKING:
    from ..models.scan import FoundModel


@click.command("scan")
@click.option("--json", "json_output", is_flag=True, help="Print a JSON array.")
def scan_command(json_output: bool) -> int:
    """Find GGUF files of Ollama, LM Studio, llama.cpp and GPT4All on this computer.

    Nothing is copied, changed or deleted.
    """
    from ..models.scan import scan

    rows = []
    for found in scan():
        row = _row(found)
        rows.append(row)
        if not json_output:
            _show(row)
    if json_output:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("No GGUF files of other programs found.")
    return 0


def _row(found: "FoundModel") -> dict[str, Any]:
    from ..models import suggested_name

    facts = found.facts
    row: dict[str, Any] = {
        "program": found.program,
        "name": found.name,
        "path": str(found.path),
        "bytes": found.bytes,
        "architecture": facts.architecture,
        "quantization": facts.quantization,
        "parameters": facts.parameters,
        "convertible": not facts.problem,
    }
    if facts.problem:
        return row | {"problem": facts.problem}
    # A blob's file name is a sum; a path's last part may be a folder's cache name.
    last = found.name.replace("\\", "/").rsplit("/", 1)[-1].replace(":latest", "")
    name = suggested_name(last.replace(":", "-"))
    path = shlex.quote(str(found.path))
    return row | {"command": f"genesis-chat models convert {path} --name {name}"}


def _show(row: dict[str, Any]) -> None:
    size = f"{row['bytes'] / 1e6:,.0f} MB"
    facts = ", ".join(filter(None, [row["architecture"], row["quantization"], size]))
    click.echo(sanitize(f"{row['program']}: {row['name']}  ({facts})"))
    what = row.get("command") or f"Cannot be converted: {row['problem']}"
    click.echo(sanitize(f"  {what}"))
