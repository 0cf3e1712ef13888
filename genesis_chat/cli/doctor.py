"""`genesis-chat doctor`: is everything there and whole."""

import json
from dataclasses import asdict

import click

from ..text import counted, sanitize
from .history import AS_JSON
from .show import notice


@click.command()
@AS_JSON
def doctor(json_output: bool) -> int:
    """Check the computer, history and models. Exits 0 if everything is fine."""
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
        notice(f"Found {counted(len(problems), 'problem')}, marked with !.")
    else:
        notice("Everything looks good.")
    return 1 if problems else 0
