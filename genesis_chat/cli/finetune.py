"""`genesis-chat finetune`: train a model on one's own examples."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .finetune_options import complete_unfinished, training_options
from .history import AS_JSON
from .options import complete_model
from .show import notice

if TYPE_CHECKING:
    from ..training.run_folder import RunFolder

# From so many seconds on a person is asked before it starts.
LONG_SECONDS = 600


@click.command()
@click.argument("data", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from-history",
    metavar="QUERY",
    help="Train on your own chats in which these words are found, instead of DATA.",
)
@click.option(
    "-m",
    "--model",
    metavar="NAME|DIR|OWNER/NAME",
    shell_complete=complete_model,
    help="Model to train. Default: the default model.",
)
@click.option(
    "--name",
    shell_complete=complete_unfinished,
    help="Name for the result. Default: that of DATA.",
)
@training_options
@click.option(
    "--machines",
    type=click.Path(path_type=Path),
    metavar="HOSTS.JSON",
    help="Share the work between the computers that this file of mlx.launch names; "
    "they need the same folders.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with a training that was stopped, to the same result as without the "
    "stop; its data and settings are known.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace an installed model or adapter of this name, and begin anew where a "
    "training was stopped.",
)
@click.option(
    "--skip-bad", is_flag=True, help="Leave out lines that cannot be learned from."
)
@click.option("-y", "--yes", is_flag=True, help="Start a long training unasked.")
@AS_JSON
def finetune(
    data: Path | None,
    from_history: str | None,
    model: str | None,
    name: str | None,
    machines: Path | None,
    resume: bool,
    force: bool,
    skip_bad: bool,
    yes: bool,
    json_output: bool,
    **options: Any,
) -> int:
    """Teach a model something by examples.

    DATA is a file of JSON Lines or a folder with train.jsonl, valid.jsonl and
    test.jsonl. A line is an object with "messages", a chat; with "prompt" and
    "completion"; or with "text". Everything is checked before the training starts.
    What comes of it is installed: an adapter,
    which leaves the model as it is, or with --method full a model of its own.
    """
    from .finetune_run import run_to_the_end

    if resume:
        given = [data, from_history, model, machines, skip_bad, *options.values()]
        if any(each not in (None, False) for each in given):
            raise UsageError(
                "--resume goes on with the data and the settings that the training "
                "began with; leave out everything but --name."
            )
        folder = _stopped(name)
    else:
        if (data is None) == (from_history is None):
            raise UsageError("Give DATA or --from-history, one of the two.")
        folder = _begun(
            data,
            from_history,
            model,
            name,
            machines,
            force=force,
            skip_bad=skip_bad,
            yes=yes,
            options=options,
        )
    return run_to_the_end(folder, replace=force, json_output=json_output)


def _stopped(name: str | None) -> "RunFolder":
    """The training to go on with. Raises `UsageError`, `ModelError`."""
    from ..training.run_folder import RunFolder, unfinished

    if name is None:
        names = unfinished()
        if len(names) > 1:
            raise UsageError(
                f"Several trainings were stopped; choose one of them with --name: "
                f"{', '.join(names)}."
            )
        if not names:
            raise UsageError(
                "No training was stopped; start one with: genesis-chat finetune DATA"
            )
        (name,) = names
    return RunFolder.open(name)


def _begun(
    data: Path | None,
    query: str | None,
    model: str | None,
    name: str | None,
    machines: Path | None,
    *,
    force: bool,
    skip_bad: bool,
    yes: bool,
    options: dict[str, Any],
) -> "RunFolder":
    """A new training whose data and settings are as they should be.

    Raises `GenesisChatError`, and `click.Abort` where a person says no.
    """
    from ..training.planning import plan_training

    planned = plan_training(
        data,
        query,
        model=model,
        name=name,
        machines=machines,
        force=force,
        skip_bad=skip_bad,
        options=options,
        told=notice,
    )
    for line in planned.summary:
        notice(line)
    long = planned.seconds is not None and planned.seconds > LONG_SECONDS
    if long and not yes and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Start it?", default=True, abort=True, err=True)
    return planned.begin()
