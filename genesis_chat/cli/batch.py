"""`genesis-chat batch`: a file of prompts, answered."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..text import counted
from .input import STDIN, Waiting, stdin_bytes
from .options import model_from, reply_options, settings_from
from .show import load_model, notice, stop_on_interrupt

if TYPE_CHECKING:
    from ..batch import Line, Output, Progress
    from ..model_choice import ModelChoice

INTERRUPTED = 130


@click.command()
@click.argument("prompts", type=click.Path(path_type=Path), metavar="IN.JSONL")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="File for the answers, in the same order.",
)
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many replies to decode in one step, where the backend can.",
)
@click.option(
    "--machines",
    type=click.Path(path_type=Path),
    metavar="HOSTS.JSON",
    help="Share the lines between the computers that this file of mlx.launch names.",
)
@reply_options
def batch(
    prompts: Path, output: Path, parallel: int, machines: Path | None, **options: Any
) -> int:
    """Answer a file of prompts.

    Each line of IN.JSONL (- for standard input) is a JSON object with "prompt" or
    "messages", optionally "id", "system" and settings of its own, or a request of
    OpenAI's batch form. When it was interrupted, run it again: what is answered is
    not answered again.
    """
    from ..batch import Output, parse_lines
    from ..batch.machines import Job, run_on_machines
    from ..completions import Defaults

    model = model_from(options)
    defaults = Defaults(settings_from(options), _system(options))
    data = _read(prompts)
    lines = parse_lines(data, defaults)
    if output.exists() and prompts.exists() and output.samefile(prompts):
        raise UsageError(f"{output} is the input; choose another file with -o.")
    with stop_on_interrupt(leaving=True) as stop, Output(output, lines) as answers:
        if answers.done:
            notice(f"{counted(answers.done, 'line')} of {len(lines)} answered already.")
        failed = answers.failed
        if answers.done == len(lines):
            return _failed(failed, output)
        with progress_bar(len(lines), answers.done) as told:
            if machines is not None:
                job = Job(model, defaults, parallel, answers.done, data)
                progress = run_on_machines(
                    machines, job, len(lines), answers, stop, told
                )
            else:
                progress = _run_here(model, lines, answers, parallel, stop, told)
    answered = counted(progress.answered - progress.failed, "line")
    speed = _speed(progress)
    notice(f"{answered} answered{f', {speed}' if speed else ''}.")
    code = _failed(failed + progress.failed, output)
    return INTERRUPTED if stop.asked else code


def _failed(count: int, output: Path) -> int:
    """The exit code where so many lines have an error for an answer."""
    if count:
        notice(f"{counted(count, 'line')} could not be answered: see {output}.")
    return int(count > 0)


def _read(prompts: Path) -> bytes:
    """The lines of a file, a pipe or, for a dash, standard input."""
    from ..batch import read_lines

    if prompts == Path("-"):
        with Waiting("standard input to end") as waiting:
            return read_lines(stdin_bytes(), STDIN, waiting.came)
    with Waiting(f"another program to write {prompts}") as waiting:
        return read_lines(prompts, str(prompts), waiting.came)


def _run_here(
    model: "ModelChoice",
    lines: Sequence["Line"],
    answers: "Output",
    parallel: int,
    stop: Callable[[], bool],
    told: Callable[["Progress"], None],
) -> "Progress":
    """Answer the lines on this computer."""
    from ..batch import run

    genesis = load_model(model)
    try:
        engine = genesis.engine()
        if parallel > 1 and not engine.model.features.together:
            notice(
                f"The backend {engine.model.backend} cannot decode several replies of "
                "this model in one step: they come one by one."
            )
        return run(engine, lines, answers, parallel, stop, told)
    finally:
        genesis.close()


def _system(options: dict[str, Any]) -> str:
    """The system prompt of lines that have none."""
    from .conversation import default_system_prompt

    system, template = options["system"], options["template"]
    if system is not None and template is not None:
        raise UsageError("--system and --template cannot be used together.")
    if template is not None:
        from ..prompts import find

        return find(template).text
    return default_system_prompt() if system is None else str(system)


def _speed(progress: "Progress") -> str:
    """Empty while there are too few tokens to tell."""
    from ..engine import measured_speed

    speed = measured_speed(progress.tokens, progress.tokens_per_second)
    return f"{speed:.0f} tokens/s" if speed else ""


@contextmanager
def progress_bar(total: int, done: int) -> Iterator[Callable[["Progress"], None]]:
    """Lines done, tokens/s and time left on stderr; silent off a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    with Bars(
        TextColumn("Answering"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        task = bars.add_task("", total=total, completed=done, speed="")

        def told(progress: "Progress") -> None:
            bars.update(task, completed=progress.done, speed=_speed(progress))

        yield told
