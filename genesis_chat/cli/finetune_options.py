"""The options of `genesis-chat finetune` that say how to train."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .numbers import PositiveNumber, WholeNumber

Command = TypeVar("Command", bound=Callable[..., Any])

METHODS = ("lora", "dora", "full")
SCHEDULES = ("cosine", "linear", "constant")


def complete_unfinished(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    """Names of trainings that were stopped, for the shell's completion."""
    from ..training.run_folder import unfinished

    return [name for name in unfinished() if name.startswith(incomplete)]


COUNT, POSITIVE = WholeNumber(1), PositiveNumber()
# Each is None where nothing is said; `training.planning` has what stands for that.
# Those of no type are flags.
_OPTIONS: dict[str, tuple["click.ParamType[Any] | None", str]] = {
    "--method": (
        click.Choice(METHODS),
        "lora or dora train an adapter, full all weights. Default: lora.",
    ),
    "--rank": (COUNT, "How much an adapter can take in. Default: 8."),
    "--layers": (COUNT, "Train only this many of the last layers. Default: all."),
    "--learning-rate": (
        POSITIVE,
        "How far each step goes. Default: 0.001 for adapters, 0.0003 for full.",
    ),
    "--warmup": (
        WholeNumber(0),
        "Steps until that rate is reached. Default: a twentieth of all.",
    ),
    "--schedule": (
        click.Choice(SCHEDULES),
        "How the rate falls after that. Default: cosine.",
    ),
    "--steps": (COUNT, "How many steps to make."),
    "--epochs": (
        POSITIVE,
        "Instead of --steps: how often to go through the data. Default: 3.",
    ),
    "--batch-size": (COUNT, "Examples of a batch. Default: 8."),
    "--gradient-accumulation": (COUNT, "Batches of a step. Default: 1."),
    "--gradient-checkpointing": (None, "Take less memory and more time."),
    "--seed": (WholeNumber(0), "What is drawn depends on it. Default: 0."),
    "--ttt": (None, "Train test-time training's own weights, switched on."),
    "--max-length": (
        WholeNumber(2),
        "Tokens of an example; longer ones are cut. Default: the model's context.",
    ),
    "--validate-every": (
        COUNT,
        "Steps between validations. Default: a tenth of all.",
    ),
    "--patience": (
        COUNT,
        "Stop after so many validations without a better one. Default: never.",
    ),
}


def training_options(command: Command) -> Command:
    """Add them."""
    for name, (kind, text) in reversed(_OPTIONS.items()):
        command = click.option(name, type=kind, is_flag=kind is None, help=text)(
            command
        )
    return command
