"""What a run of the recipe is to do, and what it has cost: files in its folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...errors import GenesisChatError, UsageError
from .configuration import CONFIGURATION, LONGEST

Origin = Literal["nothing", "present"]
PLAN, COST = "plan.json", "cost.jsonl"
# The stages: all but test-time training's own parameters, these four times more on
# what is still weak (see `refinement`), and then test-time training's alone.
LANGUAGE, REFINEMENT, STYLES, NUMBERS, REVIEW, TTT = (
    "language",
    "refinement",
    "styles",
    "numbers",
    "review",
    "ttt",
)
STAGES = (LANGUAGE, REFINEMENT, STYLES, NUMBERS, REVIEW, TTT)
# Steps of about 4,000 tokens, and the highest learning rate: what is there already
# takes fewer, and is forgotten at the rate that serves best from nothing.
STEPS: dict[Origin, int] = {"nothing": 7_500, "present": 4_000}
LEARNING_RATES: dict[Origin, float] = {"nothing": 3e-3, "present": 1e-3}
REFINEMENT_STEPS, STYLES_STEPS, NUMBERS_STEPS = 3_000, 1_500, 1_300
REVIEW_STEPS, TTT_STEPS = 1_700, 300
BATCH_TOKENS = 4096
# How far from the weights before it to those after it a stage goes, where not all the
# way: between them is what forgets less and has learnt as much (Wortsman et al., Robust
# fine-tuning of zero-shot models, arXiv 2109.01903).
SHARES: Mapping[str, float] = {STYLES: 0.4, NUMBERS: 0.5, REVIEW: 0.5}


@dataclass(frozen=True)
class Plan:
    """Everything that the result depends on beside the subjects.

    `origin` is what training starts from; `steps` and the five after it are those
    of the stages; a step has at most `batch_tokens` tokens, padding included,
    and none of its conversations is longer than `longest`. A new tokenizer learns from
    the first `conversations` conversations of the mixture.
    """

    origin: Origin
    steps: int
    refinement_steps: int = REFINEMENT_STEPS
    styles_steps: int = STYLES_STEPS
    numbers_steps: int = NUMBERS_STEPS
    review_steps: int = REVIEW_STEPS
    ttt_steps: int = TTT_STEPS
    seed: int = 0
    learning_rate: float = 1e-3
    refinement_learning_rate: float = 1.5e-3
    ttt_learning_rate: float = 1e-3
    batch_tokens: int = BATCH_TOKENS
    longest: int = LONGEST
    processes: int = 2
    conversations: int = 30_000
    configuration: dict[str, Any] = field(default_factory=lambda: dict(CONFIGURATION))

    def settings(self, stage: str) -> dict[str, Any]:
        """`TrainingSettings` of a stage, as keywords."""
        steps, learning_rate = {
            LANGUAGE: (self.steps, self.learning_rate),
            REFINEMENT: (self.refinement_steps, self.refinement_learning_rate),
            STYLES: (self.styles_steps, self.refinement_learning_rate),
            NUMBERS: (self.numbers_steps, self.refinement_learning_rate),
            REVIEW: (self.review_steps, self.refinement_learning_rate),
            TTT: (self.ttt_steps, self.ttt_learning_rate),
        }[stage]
        return {
            "method": "ttt" if stage == TTT else "full",
            "learning_rate": learning_rate,
            "warmup_steps": min(100, steps // 10),
            "schedule": "cosine",
            "steps": steps,
            "batch_size": 96,
            "batch_tokens": self.batch_tokens,
            "weight_decay": 0.05,
            "seed": self.seed,
            "max_length": self.longest,
            "save_every": 100,
        }

    def write(self, folder: Path) -> None:
        """Keep it. Raises `OSError`."""
        (folder / PLAN).write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """The plan of the run in a folder. Raises `UsageError` when there is none."""
        try:
            return cls(**json.loads((folder / PLAN).read_text()))
        except FileNotFoundError as error:
            raise UsageError(
                f"There is no run in {folder} to go on with; begin one without "
                "--resume, or name its folder with --folder."
            ) from error
        except (ValueError, TypeError) as error:
            raise GenesisChatError(
                f"{folder / PLAN} is damaged; remove {folder} and begin anew."
            ) from error


@dataclass(frozen=True)
class Cost:
    """What a part of a run has cost: seconds by the clock and of all processors."""

    stage: str
    processes: int
    first_step: int
    last_step: int
    tokens: int
    seconds: float
    cpu_seconds: float
    machine: str

    def note(self, folder: Path) -> None:
        """Add it to those of the run. Raises `OSError`."""
        with (folder / COST).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self)) + "\n")


def costs(folder: Path) -> list[Cost]:
    """What the run in a folder has cost so far, part by part."""
    path = folder / COST
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Cost(**json.loads(line)) for line in lines]


def total(parts: Sequence[Cost]) -> Mapping[str, float]:
    """Tokens, seconds and processor seconds of all parts."""
    names = ("tokens", "seconds", "cpu_seconds")
    return {name: sum(getattr(part, name) for part in parts) for name in names}
