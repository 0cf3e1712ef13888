"""The options of `genesis-chat finetune` that say how to train."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

METHODS = ("lora", "dora", "full")
SCHEDULES = ("cosine", "linear", "constant")


def complete_unfinished(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    """Names of trainings that were stopped, for the shell's completion."""
    from ..training.run_folder import unfinished

    return [name for name in unfinished() if name.startswith(incomplete)]


# Each is None where nothing is said; `training.planning` has what stands for that.
_OPTIONS = [
    click.option(
        "--method",
        type=click.Choice(METHODS),
        help="lora or dora train an adapter, full all weights. Default: lora.",
    ),
    click.option(
        "--rank",
        type=click.IntRange(1),
        help="How much an adapter can take in. Default: 8.",
    ),
    click.option(
        "--layers",
        type=click.IntRange(1),
        help="Train only this many of the last layers. Default: all.",
    ),
    click.option(
        "--learning-rate",
        type=click.FloatRange(0, min_open=True),
        help="How far each step goes. Default: 0.001 for adapters, 0.0003 for full.",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(0),
        help="Steps until that rate is reached. Default: a twentieth of all.",
    ),
    click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        help="How the rate falls after that. Default: cosine.",
    ),
    click.option("--steps", type=click.IntRange(1), help="How many steps to make."),
    click.option(
        "--epochs",
        type=click.FloatRange(0, min_open=True),
        help="Instead of --steps: how often to go through the data. Default: 3.",
    ),
    click.option(
        "--batch-size", type=click.IntRange(1), help="Examples of a batch. Default: 8."
    ),
    click.option(
        "--gradient-accumulation",
        type=click.IntRange(1),
        help="Batches of a step. Default: 1.",
    ),
    click.option(
        "--gradient-checkpointing",
        is_flag=True,
        help="Take less memory and more time.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        help="What is drawn depends on it. Default: 0.",
    ),
    click.option(
        "--ttt",
        is_flag=True,
        help="Train test-time training's own weights, switched on.",
    ),
    click.option(
        "--max-length",
        type=click.IntRange(2),
        help="Tokens of an example; longer ones are cut. Default: the model's context.",
    ),
    click.option(
        "--validate-every",
        type=click.IntRange(1),
        help="Steps between validations. Default: a tenth of all.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(1),
        help="Stop after so many validations without a better one. Default: never.",
    ),
]


def training_options(command: Command) -> Command:
    """Add them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
