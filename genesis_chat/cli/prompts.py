"""`genesis-chat prompts`: named system prompts."""

import json
from dataclasses import asdict

import click

from ..paths import user_path
from ..text import sanitize, trimmed
from ..text_files import LARGEST_WRITTEN
from .history import AS_JSON
from .input import read_file, read_stdin
from .options import complete_prompt
from .show import notice


@click.group()
def prompts() -> None:
    """Manage saved system prompts."""


@prompts.command("list")
@AS_JSON
def list_command(json_output: bool) -> int:
    """List all prompts; * marks your own."""
    from ..prompts import prompts as all_prompts

    found = all_prompts(notice)
    if json_output:
        click.echo(json.dumps([asdict(each) for each in found]))
        return 0
    for each in found:
        mark = " " if each.builtin else "*"
        text = " ".join(sanitize(each.text).split())
        click.echo(f"{mark} {each.name:14} {text[:80]}")
    return 0


@prompts.command()
@click.argument("name", shell_complete=complete_prompt)
@AS_JSON
def show(name: str, json_output: bool) -> int:
    """Print one prompt."""
    from ..prompts import find

    found = find(name)
    click.echo(json.dumps(asdict(found)) if json_output else sanitize(found.text))
    return 0


@prompts.command("add")
@click.argument("name")
@click.argument("text", nargs=-1)
@click.option("-f", "--file", type=click.Path(), help="Read the text from a file.")
def add_command(name: str, text: tuple[str, ...], file: str | None) -> int:
    """Save TEXT, a file or standard input as a named prompt."""
    from ..prompts import add

    if text and file:
        raise click.UsageError("TEXT and --file cannot be used together.")
    if file:
        content = read_file(user_path(file), LARGEST_WRITTEN, strict=True)
    elif text and text != ("-",):
        content = " ".join(text)
    else:
        content = read_stdin(LARGEST_WRITTEN, strict=True)
    add(name, content)
    notice(f"Saved prompt {name}. Use it with -t {name}.")
    return 0


@prompts.command()
@click.argument("name", shell_complete=complete_prompt)
def edit(name: str) -> int:
    """Edit a prompt (editing a built-in prompt makes your own copy)."""
    from ..prompts import add, find

    found = find(name)
    text = click.edit(f"{found.text}\n", extension=".md", require_save=True)
    if text is None or trimmed(text) == found.text:
        notice("No changes.")
        return 0
    add(name, text, replace=True)
    notice(f"Saved prompt {name}.")
    return 0


@prompts.command("remove")
@click.argument("name", shell_complete=complete_prompt)
def remove_command(name: str) -> int:
    """Delete one of your prompts."""
    from ..prompts import remove

    back = " The built-in version is back." if remove(name) else ""
    notice(f"Removed prompt {name}.{back}")
    return 0
