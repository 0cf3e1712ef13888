"""`genesis-chat config`: a person's own defaults."""

import json
from dataclasses import asdict

import click

from ..errors import UsageError
from ..setting_table import SETTINGS
from ..text import sanitize
from .history import AS_JSON
from .show import notice

KEY_PREFIX = "keys."


def complete_key(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    """Names of settings, for the shell's completion."""
    from ..config import KEYS

    return [name for name in KEYS if name.startswith(incomplete)]


@click.group()
def config() -> None:
    """Show and change default settings."""


@config.command("get")
@click.argument("name", shell_complete=complete_key)
@AS_JSON
def get(name: str, json_output: bool) -> int:
    """Print a setting's current value."""
    from ..config import load
    from ..config.schema import find_key

    key = find_key(name, "the settings")
    value = getattr(load(), key.name)
    click.echo(json.dumps(value) if json_output else _shown(name, value))
    return 0


@config.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("name", shell_complete=complete_key)
@click.argument("value")
def set_command(name: str, value: str) -> int:
    """Change a setting (`keys.ACTION KEY` rebinds a key)."""
    from ..config import set_value

    if name.startswith(KEY_PREFIX):
        from ..tui.actions import unknown_keys

        keys = {name.removeprefix(KEY_PREFIX): value}
        for sentence in unknown_keys(keys, where=""):
            raise UsageError(sentence)
    notice(f"{name} is now {_shown(name, set_value(name, value))}.")
    return 0


@config.command("unset")
@click.argument("name", shell_complete=complete_key)
def unset(name: str) -> int:
    """Reset a setting to its default."""
    from ..config import unset_value

    if not unset_value(name):
        notice(f"{name} was not set.")
    return 0


@config.command("list")
@AS_JSON
def list_command(json_output: bool) -> int:
    """List all settings; * marks those you have changed."""
    from ..config import KEYS, load
    from ..config.file import read

    values, own = asdict(load()), read()
    if json_output:
        rows = [
            {"name": n, "value": v, "from": "file" if n in own else "default"}
            for n, v in values.items()
        ]
        click.echo(json.dumps(rows))
        return 0
    for name, value in values.items():
        mark = "*" if name in own else " "
        click.echo(f"{mark} {name:20} {_shown(name, value):20} {KEYS[name].help}")
    return 0


@config.command("path")
def path_command() -> int:
    """Print the path of the settings file."""
    from ..config import path

    click.echo(str(path()))
    return 0


def _shown(name: str, value: object) -> str:
    if isinstance(value, dict):
        text = json.dumps(value)
    elif name in SETTINGS:
        text = SETTINGS[name].text(value) or "-"
    else:
        text = str(value)
    return sanitize(text).replace("\n", " ")
