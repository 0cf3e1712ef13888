"""One of the processes of a test; run as a program with a folder and settings."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from trainees import decoder, genesis, run, settings, stop_after, weights

from backends.mlx_training import TrainingError
from backends.mlx_training.group import Group


def main() -> None:
    """Train, and leave the weights and losses in the folder, one for each process."""
    folder, asked = Path(sys.argv[1]), json.loads(sys.argv[2])
    kind, stop = asked.pop("kind"), asked.pop("stop")
    resume, odd = asked.pop("resume"), asked.pop("odd")
    rank = Group().rank
    model = genesis() if kind == "genesis" else decoder()
    if odd == rank:
        asked["learning_rate"] = 0.1
    # Each machine has a folder of its own; only the first one's is used.
    place = folder / f"machine-{rank}"
    try:
        found = run(
            model,
            place,
            settings(**asked),
            resume=resume,
            stop=stop_after(stop if rank else 99),
        )
    except TrainingError as error:
        (folder / f"problem-{rank}.txt").write_text(str(error))
        return
    losses = {"training": found.training_losses, "validation": found.validation_losses}
    told = {**losses, "reason": found.reason, "step": found.step}
    (folder / f"told-{rank}.json").write_text(json.dumps(told))
    numbers: dict[str, Any] = {**weights(model)}
    np.savez(folder / f"weights-{rank}.npz", **numbers)


if __name__ == "__main__":
    main()
