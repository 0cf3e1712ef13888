"""`genesis-chat train`: making the model that comes with the program."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..text import counted
from .numbers import PositiveNumber, WholeNumber
from .show import notice, stop_on_interrupt

if TYPE_CHECKING:
    from ..training.builtin.evaluation import Score
    from ..training.builtin.plan import Origin, Plan

# Steps between two lines about how far it is.
TOLD_STEPS = 50


@click.group()
def train() -> None:
    """Make a model from nothing."""


@train.command("builtin")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="training/builtin beside the history",
    help="Where the run is kept.",
)
@click.option(
    "--from",
    "origin",
    type=click.Choice(["nothing", "present"]),
    default="nothing",
    show_default=True,
    help="Start from random weights, or from the weights that are built in now.",
)
@click.option(
    "--minutes",
    type=PositiveNumber(),
    default=90,
    show_default=True,
    help="Stop after this time; --resume goes on.",
)
@click.option(
    "--steps",
    type=WholeNumber(2),
    show_default="the recipe's",
    help="Steps of the first stage.",
)
@click.option(
    "--learning-rate",
    type=PositiveNumber(),
    show_default="the recipe's",
    help="The highest.",
)
@click.option(
    "--seed", type=WholeNumber(0), default=0, show_default=True, help="Random seed."
)
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option(
    "--evaluate", is_flag=True, help="Do not train; evaluate what was trained."
)
@click.option(
    "--questions",
    type=WholeNumber(1),
    default=200,
    show_default=True,
    help="Questions of each subject in the evaluation.",
)
def builtin(
    folder: Path | None,
    minutes: float,
    resume: bool,
    evaluate: bool,
    questions: int,
    **new: Any,
) -> int:
    """Make the built-in model: its tokenizer, its weights, its figures and its card.

    Trains in parts that go on from each other, and at the end evaluates the model on
    sets that training never sees.
    """
    from ..paths import data_directory
    from ..training.builtin.run import begin, go_on

    folder = folder or data_directory() / "training" / "builtin"
    if evaluate:
        return _finish(folder, questions)
    if not resume:
        notice(f"Preparing a run in {folder}…")
        begin(folder, _plan(**new))
    with stop_on_interrupt():
        done = go_on(folder, 60 * minutes, _tell)
    _tell_cost(folder)
    if not done:
        notice("There are steps left: go on with --resume.")
        return 0
    return _finish(folder, questions)


def _plan(origin: "Origin", **changes: Any) -> "Plan":
    """The recipe, but for the options that were given."""
    from dataclasses import replace

    from ..training.builtin.run import default_plan

    given = {name: value for name, value in changes.items() if value is not None}
    return replace(default_plan(origin), **given)


def _tell(stage: str, report: dict[str, Any]) -> None:
    step, steps = report["step"], report["steps"]
    if step % TOLD_STEPS and step != steps:
        return
    notice(
        f"{stage}: step {step:,} of {steps:,}, loss {report['loss']:.3f}, "
        f"{report['tokens_per_second']:,.0f} tokens/s"
    )


def _tell_cost(folder: Path) -> None:
    from ..training.builtin.plan import costs, total

    parts = costs(folder)
    spent = total(parts)
    notice(
        f"So far: {spent['tokens']:,} tokens in {spent['seconds'] / 60:,.0f} minutes "
        f"and {counted(len(parts), 'part')}, {spent['cpu_seconds'] / 60:,.0f} minutes "
        f"of processor time on {parts[-1].machine}."
    )


def _finish(folder: Path, questions: int) -> int:
    from ..training.builtin.result import finish

    notice("Evaluating…")
    made = finish(folder, _tell_score, questions)
    notice(f"The checkpoint, its tokenizer and its card are in {made}.")
    return 0


def _tell_score(kind: str, score: "Score") -> None:
    click.echo(
        f"{kind:10} {score.subject:24} {score.right:4} of {score.asked:4} right "
        f"({score.share:6.1%}, promised {score.promised:.0%}), "
        f"{score.turned_away} turned away"
    )
