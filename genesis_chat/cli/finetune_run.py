"""Running a training on the command line, from its folder to what is installed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..errors import GenerationError
from ..text import counted
from .finetune_show import Sample, show_table
from .models_training import duration, facts
from .show import notice, stop_on_interrupt
from .training_curves import curves_svg
from .training_progress import Progress

if TYPE_CHECKING:
    from converters.training_record import Scores

    from ..models import InstalledModel
    from ..training.installing import Result
    from ..training.questions import Question
    from ..training.run_folder import RunFolder

INTERRUPTED = 130


def run_to_the_end(folder: "RunFolder", *, replace: bool, json_output: bool) -> int:
    """Train, install what comes of it, and compare before and after."""
    from ..training.installing import CURVES, install_result, record_of, with_scores
    from ..training.running import base_of_run

    name, replace = folder.plan.name, replace or folder.plan.replace
    with folder.held(), stop_on_interrupt(leaving=True) as stop:
        base = base_of_run(folder, notice)
        questions = folder.questions()
        before = _answers_before(folder, questions, stop)
        if stop.asked:
            notice(f"Stopped; go on with: {_resume(name)}")
            return INTERRUPTED
        result = _trained(folder, stop)
        if result.ending == "interrupted":
            notice(
                f"Stopped after step {result.step}, which is kept; go on with: "
                f"{_resume(name)}"
            )
            return INTERRUPTED
        if result.ending == "diverged":
            raise GenerationError(_diverged(folder, result))
        svg = curves_svg(
            f"{name}: loss", result.training_losses, result.validation_losses
        )
        record = record_of(folder, result)
        model = install_result(
            folder, base, record, result.layers, {CURVES: svg}, replace=replace
        )
        # What follows can fail or be stopped, and nothing of the training is lost.
        folder.remove()
        after = _answers(model.name, questions, folder, stop) if before else []
        scores = _scores(questions, before, after, result)
        if scores:
            record = record_of(folder, result, scores)
            with_scores(model, record)
    samples = [
        Sample(question, was, now)
        for question, was, now in zip(questions, before, after, strict=False)
    ]
    if json_output:
        click.echo(json.dumps(_facts(model, record, samples)))
        return 0
    show_table(scores, samples)
    _tell(model, result)
    return 0


def _answers_before(
    folder: "RunFolder", questions: Sequence["Question"], stop: Callable[[], bool]
) -> list[str]:
    """What the base answers, found out once for a training and its resumptions."""
    known = folder.before().get("answers")
    if isinstance(known, list):
        return [str(each) for each in known]
    found = _answers(folder.plan.base.name, questions, folder, stop)
    if len(found) == len(questions):
        folder.keep_before({**folder.before(), "answers": found})
    return found


def _answers(
    model: str,
    questions: Sequence["Question"],
    folder: "RunFolder",
    stop: Callable[[], bool],
) -> list[str]:
    from ..api import Genesis
    from ..model_choice import ModelChoice
    from ..training.questions import answers

    if not questions:
        return []
    notice(f"Asking {model} {counted(len(questions), 'question')} of the test split…")
    genesis = Genesis.open(ModelChoice(model), notice)
    try:
        ttt = folder.plan.settings.ttt
        return list(answers(genesis, questions, ttt=ttt, stopped=stop))
    finally:
        genesis.close()


def _trained(folder: "RunFolder", stop: Callable[[], bool]) -> "Result":
    """Train, and show how it goes."""
    from ..training.running import run

    if folder.has_checkpoint:
        notice(f"Going on with the training of {folder.plan.name}.")
    with Progress(folder.plan.settings.steps) as progress:

        def told(event: dict[str, Any]) -> None:
            if event["kind"] == "blas" and event["hint"]:
                progress.tell(event["hint"])
            progress.add(event)

        return run(
            folder,
            told,
            stop,
            lambda: progress.tell("Stopping after this step; Ctrl+C again stops now."),
        )


def _scores(
    questions: Sequence["Question"],
    before: Sequence[str],
    after: Sequence[str],
    result: "Result",
) -> "Scores | None":
    from converters.training_record import Scores

    from ..training.questions import is_right

    asked = min(len(before), len(after))
    if not asked and result.loss_after is None:
        return None

    def right(answers: Sequence[str]) -> int:
        pairs = zip(questions[:asked], answers, strict=False)
        return sum(is_right(question, answer) for question, answer in pairs)

    return Scores(
        asked, right(before), right(after), result.loss_before, result.loss_after
    )


def _diverged(folder: "RunFolder", result: "Result") -> str:
    last = (
        f"; the last good state, of step {result.best_step}, is in {folder.path}"
        if result.best_step
        else ""
    )
    why = result.explanation.rstrip(".") or "its loss is no number any more"
    return (
        f"The training diverged after step {result.step}: {why}{last}. Begin anew with "
        "a lower --learning-rate and --force."
    )


def _resume(name: str) -> str:
    return f"genesis-chat finetune --resume --name {name}"


def _tell(model: "InstalledModel", result: "Result") -> None:
    from ..training.installing import CURVES

    kind = "adapter" if model.adapter else "model"
    ended = " stopped early and" if result.ending == "early stop" else ""
    notice(
        f"The training{ended} took {counted(result.step, 'step')} and "
        f"{duration(result.seconds)}. Installed the {kind} {model.name} in "
        f"{model.directory}; its curves are in {model.directory / CURVES}."
    )
    notice(f"Use it with: genesis-chat -m {model.name}")


def _facts(
    model: "InstalledModel", record: Any, samples: Sequence[Sample]
) -> dict[str, Any]:
    from ..training.installing import CURVES

    return {
        "name": model.name,
        "kind": "adapter" if model.adapter else "model",
        "directory": str(model.directory),
        "curves": str(model.directory / CURVES),
        "training": {
            **facts(record),
            "training_losses": record.training_losses,
            "validation_losses": record.validation_losses,
        },
        "answers": [
            {**asdict(each.question), "before": each.before, "after": each.after}
            for each in samples
        ],
    }
