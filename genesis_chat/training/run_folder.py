"""A training that is not over: all that going on with it needs, in one folder."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from backends.mlx_training import (
    Example,
    TrainingError,
    TrainingSettings,
    has_checkpoint,
)
from converters.training_record import BASE_FIELDS, BaseRecord, DataRecord

from ..errors import ModelError
from ..paths import private_directory, training_directory
from ..text_files import new_file, not_written
from .questions import Question
from .stored_examples import write_examples

PLAN, EXAMPLES, QUESTIONS = "plan.json", "examples.npz", "questions.json"
BEFORE, STEPS, STOP = "before.json", "steps", "stop"
TRAINED, LOCK = "trained.safetensors", ".lock"


@dataclass(frozen=True)
class Plan:
    """What is trained on what, and how.

    `directory` is the base's folder when this was planned; `machines` a file that
    lists those that share the work. With `replace` the result takes the place of
    what is installed under its name.
    """

    name: str
    base: BaseRecord
    directory: str
    data: DataRecord
    settings: TrainingSettings
    machines: str | None = None
    replace: bool = False

    def to_json(self) -> str:
        """The text of `plan.json`."""
        return json.dumps({**asdict(self), "settings": self.settings.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` gave. Raises what damaged JSON makes it raise."""
        content = json.loads(text)
        counts = ("training", "validation", "test")
        return cls(
            name=str(content["name"]),
            base=BaseRecord(*(str(content["base"][n]) for n in BASE_FIELDS)),
            directory=str(content["directory"]),
            data=DataRecord(
                str(content["data"]["name"]),
                str(content["data"]["sha256"]),
                *(int(content["data"][n]) for n in counts),
            ),
            settings=TrainingSettings.from_dict(content["settings"]),
            machines=content["machines"],
            replace=bool(content["replace"]),
        )


@dataclass(frozen=True)
class RunFolder:
    """The folder of a training, of no use once what came of it is installed."""

    path: Path
    plan: Plan

    @classmethod
    def create(
        cls,
        plan: Plan,
        splits: Mapping[str, Sequence[Example]],
        questions: Sequence[Question],
    ) -> Self:
        """A new one, whole or not at all. Raises `ModelError`."""
        from converters import ConversionError
        from converters.storage import new_directory

        path = training_directory() / plan.name
        try:
            private_directory(path.parent)
            with new_directory(path, replace=False, waiting=lambda: None) as directory:
                write_examples(directory / EXAMPLES, splits)
                texts = [question.to_dict() for question in questions]
                (directory / QUESTIONS).write_text(json.dumps(texts), encoding="utf-8")
                (directory / PLAN).write_text(plan.to_json(), encoding="utf-8")
        except ConversionError as error:
            raise ModelError(str(error)) from error
        except OSError as error:
            raise ModelError(not_written(path, error)) from error
        return cls(path, plan)

    @classmethod
    def open(cls, name: str) -> Self:
        """The one of a name. Raises `ModelError`."""
        path = training_directory() / name
        if not (path / PLAN).is_file():
            known = ", ".join(unfinished())
            there = f"; choose one of {known}" if known else ""
            raise ModelError(
                f"There is no unfinished training called {name!r}{there}. Start one "
                "with: genesis-chat finetune DATA"
            )
        return cls.at(path)

    @classmethod
    def at(cls, path: Path) -> Self:
        """The one in a folder. Raises `ModelError`."""
        try:
            plan = Plan.from_json((path / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, TrainingError) as error:
            raise ModelError(
                f"{path / PLAN} is damaged; begin anew with --force."
            ) from error
        return cls(path, plan)

    def questions(self) -> list[Question]:
        """What the model is asked before and after. Raises `ModelError`."""
        try:
            content = json.loads((self.path / QUESTIONS).read_text(encoding="utf-8"))
            return [Question.from_dict(each) for each in content]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{self.path / QUESTIONS} is damaged; begin anew with --force."
            ) from error

    def keep_before(self, content: Mapping[str, Any]) -> None:
        """Remember what was so before the first step."""
        with new_file(self.path / BEFORE) as file:
            file.partial.write_text(json.dumps(content), encoding="utf-8")

    def before(self) -> dict[str, Any]:
        """What was remembered, nothing where it was not."""
        try:
            content = json.loads((self.path / BEFORE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is something to go on from."""
        return has_checkpoint(self.path / STEPS)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, nobody else trains in this folder. Raises `ModelError`."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.path / LOCK, timeout=0):
                yield
        except Timeout as error:
            raise ModelError(
                f"Another process is training {self.plan.name}; choose another name "
                "with --name, or stop that one."
            ) from error

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.path, ignore_errors=True)


def unfinished() -> list[str]:
    """Names of trainings that can be gone on with, sorted."""
    folder = training_directory()
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if (p / PLAN).is_file())
