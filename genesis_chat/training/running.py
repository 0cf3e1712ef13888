"""A training from its folder to its result."""

from collections.abc import Callable
from typing import Any

from ..errors import ModelError
from ..models import InstalledModel, choose
from .installing import Result
from .process import TrainingProcess
from .run_folder import RunFolder

Event = dict[str, Any]


def base_of_run(
    folder: RunFolder, preparing: Callable[[str], None] = lambda text: None
) -> InstalledModel:
    """The model that is trained, if it still is what it was. Raises `ModelError`."""
    record = folder.plan.base
    base = choose(record.name, preparing)
    if base.problem:
        raise ModelError(base.problem)
    if base.sha256 != record.sha256:
        raise ModelError(
            f"{record.name} is another model now than when the training of "
            f"{folder.plan.name} began; install that one, or begin anew with --force."
        )
    return base


def run(
    folder: RunFolder,
    told: Callable[[Event], None],
    stopped: Callable[[], bool] = lambda: False,
    stopping: Callable[[], None] = lambda: None,
) -> Result:
    """Train until the end, or until it is `stopped`, which `stopping` is told of once.

    `told` gets every event of the process. Raises `GenerationError` when it fails.
    """
    outcome: Event | None = None
    after: Event | None = None
    asked = False
    with TrainingProcess(folder) as process:
        for event in process.events():
            if stopped() and not asked:
                asked = True
                process.stop()
                stopping()
            if event is None:
                continue
            match event["kind"]:
                case "before":
                    folder.keep_before({**folder.before(), "loss": event["loss"]})
                case "after":
                    after = event
                case "outcome":
                    outcome = event
            told(event)
    assert outcome, "a process that ends without one fails"
    return Result.of(outcome, folder.before().get("loss"), after)
