"""What comes out of a run: a released checkpoint, its evaluation and its card."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from .card import write_card
from .evaluation import COUNT, SEED, Score, evaluate, open_engine
from .plan import Plan, costs
from .release import convert_released, release
from .subjects import subjects

NAME, EVALUATION = "genesis-nano", "evaluation.json"
# The sets, other ones of the same kinds, and the sets with test-time training on.
KINDS = {"sets": (SEED, False), "others": (SEED + 1, False), "ttt": (SEED, True)}


def finish(
    folder: Path, told: Callable[[str, Score], None], count: int = COUNT
) -> Path:
    """Write the newest weights of a run in the released form, and evaluate them.

    Args:
        folder: the run's. In it `genesis-nano` gets the checkpoint, its tokenizer and
            its card, and `evaluation.json` every question and answer.
        told: of which kind a subject's score is, and the score.
        count: questions of each subject.

    Returns:
        The folder of the checkpoint.

    Raises:
        GenesisChatError: nothing was trained yet, or the model fails.
    """
    made = release(folder, folder / NAME)
    directory = folder / "converted"
    convert_released(made, directory)
    content: dict[str, object] = {"count": count}
    with closing(open_engine(directory)) as engine:
        for kind, (seed, ttt) in KINDS.items():
            tell = partial(told, kind)
            scores = evaluate(engine, subjects(), count, ttt=ttt, seed=seed, told=tell)
            content[kind] = [asdict(score) for score in scores]
    (folder / EVALUATION).write_text(json.dumps(content, indent=1) + "\n")
    write_card(made, Plan.read(folder), costs(folder), folder / EVALUATION)
    return made
