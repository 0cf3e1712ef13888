"""One of the processes that train the built-in model together.

    python -m genesis_chat.training.builtin.worker FOLDER STAGE SECONDS [--resume]

Lines of JSON on stdout tell how far it is, and at the end how it ended.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from .mixture import Mixture
from .plan import LANGUAGE, TTT, Plan
from .refinement import refined
from .subjects import subjects

# More than a run can have, so that none comes twice.
EXAMPLES = 10_000_000


def work(folder: Path, stage: str, seconds: float, *, resume: bool) -> None:
    """Train a stage until its end, or for `seconds`."""
    from backends.mlx_training import Report, StepReport, TrainingSettings, open_trainee
    from converters import load_tokenizer
    from converters.tokenization import GenesisTokenizer

    from ...engine.prompt import GenesisFormat

    plan = Plan.read(folder)
    start = folder / f"before-{stage}"
    tokenizer = load_tokenizer(start)
    assert isinstance(tokenizer, GenesisTokenizer)
    # A stage reads what none has read before.
    seed = f"{plan.seed}" if stage == LANGUAGE else f"{plan.seed}:{stage}"
    form = GenesisFormat(tokenizer)
    taught = subjects() if stage in (LANGUAGE, TTT) else refined(stage)
    examples = Mixture(taught, form, EXAMPLES, seed, plan.longest)

    def tell(report: Report) -> None:
        if isinstance(report, StepReport):
            print(json.dumps(asdict(report)), flush=True)

    model = open_trainee(start)
    from backends.mlx_training.training import train

    outcome = train(
        model,
        examples,
        (),
        TrainingSettings(**plan.settings(stage)),
        folder / stage,
        tell,
        resume=resume,
        stop=_stopping(time.monotonic() + seconds),
    )
    ended = {"reason": outcome.reason, "step": outcome.step, "tokens": outcome.tokens}
    print(json.dumps(ended), flush=True)


def _stopping(end: float) -> Callable[[], bool]:
    """Whether the time is over, Ctrl-C came, or whoever started this has gone."""
    parent, asked = os.getppid(), False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGINT, ask)
    return lambda: asked or time.monotonic() > end or os.getppid() != parent


def main() -> None:
    """Run the command above."""
    folder, stage, seconds, *rest = sys.argv[1:]
    work(Path(folder), stage, float(seconds), resume=rest == ["--resume"])


if __name__ == "__main__":
    main()
