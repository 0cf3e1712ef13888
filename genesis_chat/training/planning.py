"""Everything that is checked and decided before a training starts."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.mlx_training import (
    Example,
    TrainingError,
    TrainingSettings,
    check_installed,
)
from converters import ConversionError
from converters.training_record import BaseRecord, DataRecord

from ..engine import describe
from ..engine.launching import check_hosts
from ..errors import ModelError, UsageError
from ..models import InstalledModel, check_name, choose, names, suggested_name
from ..models.adapters import manifest_of
from ..paths import data_directory
from ..settings import LARGEST_WHOLE
from ..text import counted
from .data import SPLITS, Data, divided, from_history, read_data
from .outlook import estimate_of
from .preparing import prepare_data
from .questions import Question, chosen
from .run_folder import Plan, RunFolder, unfinished

# Where no option says otherwise.
EPOCHS, BATCH_SIZE = 3.0, 8
LEARNING_RATES = {"lora": 1e-3, "dora": 1e-3, "full": 3e-4}
WARMUP_SHARE, VALIDATIONS = 20, 10
# An adapter that is called after chats.
FROM_HISTORY = "from-history"


@dataclass(frozen=True)
class Planned:
    """A training that can begin, in how many `seconds` it will be over, if known."""

    plan: Plan
    splits: Mapping[str, Sequence[Example]]
    questions: Sequence[Question]
    summary: Sequence[str]
    seconds: float | None

    def begin(self) -> RunFolder:
        """Make its folder, in place of one that was stopped. Raises `ModelError`."""
        if self.plan.replace and self.plan.name in unfinished():
            stopped = RunFolder.open(self.plan.name)
            with stopped.held():
                stopped.remove()
        return RunFolder.create(self.plan, self.splits, self.questions)


def plan_training(
    data: Path | None,
    query: str | None,
    *,
    model: str | None,
    name: str | None,
    machines: Path | None,
    force: bool,
    skip_bad: bool,
    options: Mapping[str, Any],
    told: Callable[[str], None],
) -> Planned:
    """Check everything that a training needs, and decide what was left open.

    Args:
        data: a file or a folder of examples, or None.
        query: words by which chats are found instead, or None.
        model: which one is trained, None for the default one.
        name: of the result, None to call it after the data.
        machines: a file of those that share the work, or None.
        force: whether something of this name is replaced.
        skip_bad: whether lines that are no examples are left out.
        options: those of `genesis-chat finetune`, None where nothing was said.
        told: of what takes a moment.

    Raises:
        UsageError: something cannot be asked so.
        ModelError: the model or the data is not as it has to be.
    """
    try:
        check_installed()
    except TrainingError as error:
        raise UsageError(str(error)) from error
    if machines is not None:
        check_hosts(machines)
    _settings(options, 1, None)
    name = _free_name(name, data, force)
    base = choose(model, told)
    if base.problem:
        raise ModelError(base.problem)
    if base.name.lower() == name.lower():
        raise UsageError(
            f"{name} is what is trained, and stays as it is; choose another name for "
            "the result with --name."
        )
    manifest = manifest_of(base)
    if options["method"] == "full" and manifest.quantization is not None:
        raise UsageError(
            f"{base.name} is quantised, so --method full cannot train it; use "
            "--method lora, or a version that is not."
        )
    about = describe(base.directory)
    if options["ttt"] and not about.flags.get("use_ttt"):
        raise UsageError(f"{base.name} has no test-time training; leave out --ttt.")
    length = min(options["max_length"] or about.context, about.context)
    samples = _samples(data, query, options["seed"] or 0, skip_bad=skip_bad)
    found = prepare_data(samples, base, length)
    training = found.splits["train"]
    settings = _settings(options, len(training), length)
    try:
        ahead = estimate_of(base.directory, settings, training)
    except ConversionError as error:
        raise ModelError(str(error)) from error
    assert base.sha256
    plan = Plan(
        name=name,
        base=BaseRecord(_name_of(base, model), base.sha256, base.family or ""),
        directory=str(base.directory),
        data=DataRecord(
            f"history: {query}" if data is None else data.name,
            samples.sha256,
            *(len(found.splits[split]) for split in SPLITS),
        ),
        settings=settings,
        machines=None if machines is None else str(machines.absolute()),
        replace=force,
    )
    return Planned(
        plan,
        found.splits,
        chosen(found.questions),
        [*found.summary, f"{_words(plan)} {ahead}"],
        ahead.seconds,
    )


def _samples(
    data: Path | None, query: str | None, seed: int, *, skip_bad: bool
) -> Data:
    """The samples, all of whose lines can be learned from. Raises `UsageError`."""
    if data is None:
        from ..history import Store
        from ..history.store import FILE

        with Store.open(data_directory() / FILE) as store:
            found = from_history(store, query or "")
        return divided(found, FROM_HISTORY, seed=seed)
    read = read_data(data, seed=seed, stdin=sys.stdin.buffer)
    if read.bad and not skip_bad:
        count = counted(len(read.bad), "line")
        lines = "".join(f"\n  {each}" for each in read.notices)
        raise UsageError(
            f"{data} has {count} that cannot be learned from; correct them, or leave "
            f"them out with --skip-bad:{lines}"
        )
    return read


def _free_name(name: str | None, data: Path | None, force: bool) -> str:
    """The result's name, which nothing else has. Raises `UsageError`, `ModelError`."""
    if name is None:
        name = suggested_name(data.stem or str(data)) if data else FROM_HISTORY
    check_name(name)
    if force:
        return name
    if taken := [each for each in names() if each.lower() == name.lower()]:
        raise ModelError(
            f"A model called {taken[0]!r} is installed; choose another name with "
            "--name, or replace it with --force."
        )
    if name in unfinished():
        raise ModelError(
            f"The training of {name} was stopped before its end; go on with "
            f"--resume --name {name}, choose another name with --name, or begin anew "
            "with --force."
        )
    return name


def _settings(
    options: Mapping[str, Any], examples: int, length: int | None
) -> TrainingSettings:
    """The trainer's settings for so many examples. Raises `UsageError`."""
    given = {name: value for name, value in options.items() if value is not None}
    if "steps" in given and "epochs" in given:
        raise UsageError("--steps and --epochs cannot be used together.")
    batch = given.get("batch_size", BATCH_SIZE)
    of_a_step = batch * given.get("gradient_accumulation", 1)
    wanted = given.pop("epochs", EPOCHS) * examples / of_a_step
    if wanted > LARGEST_WHOLE:
        raise UsageError("--epochs is too large; give fewer.")
    steps = given.setdefault("steps", max(1, math.ceil(wanted)))
    warmup = given.pop("warmup", steps // WARMUP_SHARE)
    method = given.setdefault("method", "lora")
    every = max(1, steps // VALIDATIONS)
    own = {
        "batch_size": batch,
        "learning_rate": LEARNING_RATES[method],
        "warmup_steps": warmup,
        "validate_every": every,
        **given,
    }
    own["save_every"] = min(own["validate_every"], every)
    if length is not None:
        own["max_length"] = length
    try:
        return TrainingSettings(**own)
    except TrainingError as error:
        raise UsageError(str(error)) from error


def _name_of(base: InstalledModel, given: str | None) -> str:
    """What finds the base again: its name, or its path if it was given so."""
    if base.cached or given in (None, base.name):
        return base.name
    return str(base.directory.absolute())


def _words(plan: Plan) -> str:
    settings = plan.settings
    return (
        f"Training {plan.base.name} by {settings.method}: {settings.steps} steps of "
        f"{settings.batch_size * settings.gradient_accumulation} examples."
    )
