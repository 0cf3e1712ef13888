"""Options that several commands share."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..conversation import DEFAULT_SYSTEM_PROMPT
from ..model_choice import ModelChoice, ModelOptions
from ..settings import (
    AUTO,
    BACKENDS,
    COMPUTE_DTYPES,
    LARGEST_SEED,
    MODEL_SWITCHES,
    REPLY_SWITCHES,
    THINKING_MODES,
    GenerationSettings,
    Switch,
)

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULTS = GenerationSettings()
MODELS_OWN = "auto: the model's own"


class NumberOrAuto(click.FloatRange):
    """A finite number in a range, or "auto" for None."""

    name = "number|auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if value == AUTO:
            return None
        # No bound catches infinity and what is not a number.
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number; give one.", param, ctx)
        return number


class IntegerOrAuto(click.IntRange):
    """A whole number in a range, or "auto" for None."""

    name = "integer|auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        return None if value == AUTO else super().convert(value, param, ctx)


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


def _flag(switch: Switch) -> str:
    return switch.name.replace("_", "-")


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
    click.option(
        "--dtype",
        type=click.Choice(COMPUTE_DTYPES),
        help="Compute precision. Default: bfloat16 on Metal, int8 weights on a CPU.",
    ),
    click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        default="auto",
        show_default="mlx with Metal, else cpu",
        help="Backend to use.",
    ),
    *(
        click.option(f"--{_flag(each)}", is_flag=True, help=each.help)
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
_SETTINGS = [
    click.option(
        "--max-tokens",
        type=IntegerOrAuto(min=1),
        default=AUTO,
        show_default="auto: a quarter of the context, or 512",
        help="Maximum tokens per reply.",
    ),
    click.option(
        "--temp",
        "--temperature",
        "temperature",
        type=NumberOrAuto(min=0),
        default=AUTO,
        show_default=MODELS_OWN,
        help="Randomness; 0 always picks the most likely token.",
    ),
    click.option(
        "--top-k",
        type=IntegerOrAuto(min=0),
        default=AUTO,
        show_default=MODELS_OWN,
        help="Sample from the K most likely tokens; 0 is off.",
    ),
    click.option(
        "--top-p",
        type=NumberOrAuto(0, 1),
        default=AUTO,
        show_default=MODELS_OWN,
        help="Sample from the smallest set with this total probability; 1 is off.",
    ),
    click.option(
        "--min-p",
        type=NumberOrAuto(0, 1),
        default=AUTO,
        show_default=MODELS_OWN,
        help="Drop tokens below this fraction of the most likely one; 0 is off.",
    ),
    click.option(
        "--repetition-penalty",
        type=NumberOrAuto(0.01, 100),
        default=AUTO,
        show_default=MODELS_OWN,
        help="Penalise tokens already used; 1 is off.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, LARGEST_SEED),
        help="Same seed, same reply. Default: random.",
    ),
    *(
        click.option(
            f"--{_flag(each)}/--no-{_flag(each)}",
            default=False,
            show_default=True,
            help=each.help,
        )
        for each in REPLY_SWITCHES
    ),
    click.option(
        "--thinking",
        type=click.Choice(THINKING_MODES),
        default=DEFAULTS.thinking,
        show_default=True,
        help="Whether the model thinks before it answers, if it has the choice.",
    ),
]
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
