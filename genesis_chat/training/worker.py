"""The process that trains: `python -m genesis_chat.training.worker FOLDER`.

What it tells stands on standard output, an object of JSON in each line. With several
machines each runs this, and the first one tells.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backends.errors import BackendError
from backends.mlx_training import (
    CheckpointReport,
    Report,
    StepReport,
    TrainingSettings,
    ValidationReport,
    open_trainee,
)
from genesis_chat.errors import GenesisChatError, ModelError
from genesis_chat.training.run_folder import (
    EXAMPLES,
    STEPS,
    STOP,
    TRAINED,
    Plan,
    RunFolder,
)
from genesis_chat.training.stored_examples import read_examples

Tell = Callable[[str, dict[str, Any]], None]
KINDS: dict[type, str] = {
    StepReport: "step",
    ValidationReport: "validation",
    CheckpointReport: "checkpoint",
}


def main() -> None:
    """Train in the folder that the only argument names; the exit code is 1 or 0."""
    outbox = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What libraries print must not come between the lines.
    os.dup2(2, 1)

    def tell(kind: str, content: dict[str, Any]) -> None:
        outbox.write(json.dumps({"kind": kind, **content}) + "\n")
        outbox.flush()

    try:
        work(RunFolder.at(Path(sys.argv[1])), tell)
    except (BackendError, GenesisChatError) as error:
        tell("error", {"text": str(error)})
        sys.exit(1)
    except BrokenPipeError:
        # Whoever asked for it is gone; what was done is in the checkpoint.
        os._exit(1)
    except OSError as error:
        tell("error", {"text": f"{error.filename or 'The disk'}: {error.strerror}."})
        sys.exit(1)


def work(folder: RunFolder, tell: Tell) -> None:
    """Go on with a training to its end. Raises `BackendError`, `OSError`."""
    settings = folder.plan.settings
    model = open_trainee(Path(folder.plan.directory), settings.method)
    # Only now: importing them imports MLX, which has to find its BLAS first.
    from backends.mlx_base.blas import blas_advice
    from backends.mlx_training.evaluation import (
        mean_loss,
        parameter_names,
        save_trained,
    )
    from backends.mlx_training.group import Group
    from backends.mlx_training.training import train

    _check_names(folder.plan, parameter_names(model))
    examples = read_examples(folder.path / EXAMPLES)
    resume, first = folder.has_checkpoint, Group().is_first
    if first:
        tell("blas", {"hint": blas_advice()})
    if not resume and examples["test"]:
        loss = mean_loss(model, examples["test"], settings)
        if first:
            tell("before", {"loss": loss})

    def report(each: Report) -> None:
        tell(KINDS[type(each)], asdict(each))

    outcome = train(
        model,
        examples["train"],
        examples["valid"],
        settings,
        folder.path / STEPS,
        report,
        resume=resume,
        stop=(folder.path / STOP).exists,
    )
    if outcome.reason in ("finished", "early stop"):
        test = examples["test"]
        after = mean_loss(model, test, settings) if test else None
        if first:
            save_trained(model, folder.path / TRAINED)
            tell("after", {"loss": after, "layers": _layers(model, settings)})
    if first:
        tell("outcome", asdict(outcome))


def _check_names(plan: Plan, names: list[str]) -> None:
    """Raise `ModelError` where what is trained has no place in the model's files."""
    from converters.adapted_tensors import read_tensors
    from converters.whole_folder import is_weights

    files = [p for p in Path(plan.directory).iterdir() if is_weights(p.name)]
    missing = sorted(set(names) - read_tensors(sorted(files)).keys())
    if missing:
        raise ModelError(
            f"{plan.base.name} has its weights under other names than mlx-lm gives "
            f"them, such as {missing[0]}, so nothing can be trained on it as it is; "
            "convert it with: genesis-chat mlx-lm convert"
        )


def _layers(model: Any, settings: TrainingSettings) -> int:
    return settings.layers or len(model.layers)


if __name__ == "__main__":
    main()
