"""`genesis-chat doctor`: is everything there and whole."""

import json
from dataclasses import asdict

import click

from ..text import sanitize
from .history import AS_JSON
from .show import notice


@click.command()
@AS_JSON
def doctor(json_output: bool) -> int:
    """Look at the computer, the history and the models; exit 0 when all is well."""
    from ..doctor import examine

    found, section = [], ""
    for finding in examine():
        found.append(finding)
        if json_output:
            continue
        if finding.section != section:
            section = finding.section
            click.echo(f"\n{section}" if len(found) > 1 else section)
        text = f"{finding.value} {f'! {finding.problem}' if finding.problem else ''}"
        click.echo(sanitize(f"  {finding.name:18} {text.strip()}"))
    problems = [each for each in found if each.problem]
    if json_output:
        rows = [asdict(each) for each in found]
        click.echo(json.dumps({"ok": not problems, "findings": rows}))
    elif problems:
        notice(f"{len(problems)} problems were found; they are marked with !.")
    else:
        notice("All is well.")
    return 1 if problems else 0
