"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..model_choice import ModelChoice, ModelOptions
from ..setting_table import REPLY_SETTINGS, SETTINGS, Setting
from ..settings import AUTO, MODEL_SWITCHES, GenerationSettings
from .numbers import SettingNumber, flag

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULTS = GenerationSettings()


def complete_model(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    """Names of models that can be used, for the shell's completion."""
    from ..models import choosable_names

    return [name for name in choosable_names() if name.startswith(incomplete)]


def complete_prompt(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    """Names of system prompts, for the shell's completion."""
    from ..prompts import names

    return [name for name in names() if name.startswith(incomplete)]


def _option(setting: Setting) -> Callable[[Command], Command]:
    """The option of a setting."""
    named, default = flag(setting.name), getattr(DEFAULTS, setting.name, None)
    if setting.kind is bool:
        names: tuple[str, ...] = (f"{named}/{named.replace('--', '--no-')}",)
    else:
        names = (*setting.flags, named, setting.name)
    said = f"{setting.help}."
    if setting.none == AUTO:
        default = AUTO
    elif setting.name == "backend":
        default = setting.choices[0]
    elif default is None:
        said += f" Default: {setting.otherwise}."
    return click.option(
        *names,
        type=_type(setting),
        default=default,
        show_default=(setting.otherwise or True) if default is not None else None,
        help=said,
    )


def _type(setting: Setting) -> Any:
    if setting.choices:
        return click.Choice(setting.choices)
    if setting.kind is bool:
        return click.BOOL
    return SettingNumber(setting)


_MODEL = [
    click.option(
        "-m",
        "--model",
        metavar="NAME|DIR|OWNER/NAME",
        shell_complete=complete_model,
        help="Model name, directory or repository in the Hub's cache.",
    ),
]
_RUNNING = [
    *(_option(SETTINGS[name]) for name in ("dtype", "backend")),
    *(
        click.option(flag(each.name), is_flag=True, help=each.help)
        for each in MODEL_SWITCHES
    ),
    click.option(
        "--force",
        is_flag=True,
        help="Load the model even if its weights exceed the memory.",
    ),
]
_SYSTEM = [
    click.option(
        "-s",
        "--system",
        metavar="TEXT",
        show_default=DEFAULT_SYSTEM_PROMPT,
        help='System prompt; "" for none.',
    ),
    click.option(
        "-t",
        "--template",
        metavar="NAME",
        shell_complete=complete_prompt,
        help="Use a saved system prompt (see `genesis-chat prompts list`).",
    ),
]
_SETTINGS = [_option(each) for each in REPLY_SETTINGS.values()]
_OPTIONS = [
    *_MODEL,
    *_SYSTEM,
    click.option(
        "-c",
        "--continue",
        "latest",
        is_flag=True,
        help="Continue the most recent conversation.",
    ),
    click.option(
        "--conversation",
        metavar="ID",
        help="Continue the conversation with this id (a prefix is enough).",
    ),
    *_SETTINGS,
    *_RUNNING,
    click.option(
        "--log/--no-log",
        " /-n",
        default=True,
        show_default=True,
        help="Save this conversation to the history, or don't.",
    ),
    click.option(
        "--stats", is_flag=True, help="Show speed and token counts on standard error."
    ),
]


def generation_options(command: Command) -> Command:
    """Add the options of a generating command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def model_options(command: Command) -> Command:
    """Add the options that say which model runs, and how."""
    for option in reversed([*_MODEL, *_RUNNING]):
        command = option(command)
    return command


def reply_options(command: Command) -> Command:
    """Add those, and the options of a reply that belongs to no conversation."""
    for option in reversed([*_MODEL, *_SYSTEM, *_SETTINGS, *_RUNNING]):
        command = option(command)
    return command


def own_defaults() -> dict[str, Any]:
    """Defaults of options that the settings file gives. Raises `ConfigError`."""
    from ..config.file import read

    fields = {*GenerationSettings.__dataclass_fields__, "dtype", "backend", "log"}
    own = {name: value for name, value in read().items() if name in fields}
    # Click takes None for nothing.
    return {name: AUTO if value is None else value for name, value in own.items()}


def model_from(options: dict[str, Any]) -> ModelChoice:
    """The model that a command's options ask for; they are taken out of them."""
    name = options.pop("model")
    how = {key: options.pop(key) for key in ModelOptions.__annotations__}
    return ModelChoice.of(name, how)


def settings_from(options: dict[str, Any]) -> GenerationSettings:
    """The settings among a command's options."""
    fields = GenerationSettings.__dataclass_fields__
    return GenerationSettings(**{k: v for k, v in options.items() if k in fields})
