"""The recipe from its beginning to the card, in parts that go on from each other."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import GenesisChatError, UsageError
from .plan import LANGUAGE, LEARNING_RATES, PLAN, STAGES, STEPS, Cost, Origin, Plan
from .processes import train_together
from .release import convert_released, release
from .start import start_from_nothing, start_from_present
from .subjects import subjects

Told = Callable[[str, dict[str, Any]], None]


def begin(folder: Path, plan: Plan) -> None:
    """Prepare a run: its tokenizer, its first weights and its plan.

    Raises `UsageError` when the folder holds a run, `GenesisChatError` when the first
    weights cannot be made.
    """
    if (folder / PLAN).exists():
        raise UsageError(
            f"{folder} holds a run; go on with it with --resume, or choose another "
            "folder with --folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / "start"
    start.mkdir(exist_ok=True)
    if plan.origin == "present":
        start_from_present(start)
    else:
        start_from_nothing(start, subjects(), plan)
    convert_released(start, folder / f"before-{LANGUAGE}")
    plan.write(folder)


def go_on(folder: Path, seconds: float, told: Told) -> bool:
    """Train what is left of a run for `seconds` at most; whether all of it is done.

    `told` is given a stage and how far it is, after each step. Raises
    `GenesisChatError`.
    """
    plan, end = Plan.read(folder), time.monotonic() + seconds
    for before, stage in zip((None, *STAGES[:-1]), STAGES, strict=True):
        if (folder / f"{stage}.done").exists():
            continue
        if before and not (folder / f"before-{stage}").exists():
            made = release(folder, folder / f"after-{before}")
            convert_released(made, folder / f"before-{stage}")
        left = end - time.monotonic()
        if left <= 0 or not _train(folder, plan, stage, left, told):
            return False
        (folder / f"{stage}.done").touch()
    return True


def _train(folder: Path, plan: Plan, stage: str, seconds: float, told: Told) -> bool:
    """Train a stage; whether it has ended. What it cost is noted, however it ends."""
    from backends.mlx_training import has_checkpoint

    began, used = time.monotonic(), _cpu_seconds()
    reached: dict[str, Any] = {}
    first = tokens = 0

    def tell(step: dict[str, Any]) -> None:
        nonlocal first, tokens
        first, tokens = first or step["step"], tokens + step["tokens"]
        reached.update(step)
        told(stage, step)

    resume = has_checkpoint(folder / stage)
    try:
        outcome = train_together(
            folder, stage, seconds, plan.processes, resume=resume, told=tell
        )
    finally:
        Cost(
            stage=stage,
            processes=plan.processes,
            first_step=first,
            last_step=reached.get("step", 0),
            tokens=tokens,
            seconds=round(time.monotonic() - began, 1),
            cpu_seconds=round(_cpu_seconds() - used, 1),
            machine=machine(),
        ).note(folder)
    if outcome.get("reason") == "diverged":
        raise GenesisChatError(
            f"Training diverged after step {outcome['step']}; begin anew with a lower "
            "--learning-rate."
        )
    return outcome.get("reason") == "finished"


def machine() -> str:
    """The computer that trains, in a few words."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def default_processes() -> int:
    """Two where there are two cores and no GPU."""
    from backends.registry import has_metal

    return 1 if has_metal() or (os.cpu_count() or 1) < 2 else 2


def default_plan(origin: Origin) -> Plan:
    """The recipe as it stands."""
    return Plan(
        origin,
        STEPS[origin],
        learning_rate=LEARNING_RATES[origin],
        processes=default_processes(),
    )


def _cpu_seconds() -> float:
    """Of all processes that were started here and have ended."""
    import psutil

    used = psutil.Process().cpu_times()
    return used.children_user + used.children_system
