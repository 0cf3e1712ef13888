"""What is kept of a training with the model or the adapter that came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .json_fields import count, number, one_of, typed

Method = Literal["lora", "dora", "full", "ttt"]
# How a training may end and leave something to install.
Ending = Literal["finished", "early stop", "interrupted", "diverged"]
Setting = str | int | float | bool | None
# A step, counted from one, and the loss there.
Curve = tuple[tuple[int, float], ...]
# Points of a curve in a manifest; longer ones are averaged to so many.
MOST_POINTS = 200


@dataclass(frozen=True)
class BaseRecord:
    """The model that was trained: by what name it was chosen, and its weights."""

    name: str
    sha256: str
    family: str


@dataclass(frozen=True)
class DataRecord:
    """What it was trained on: its name, its sha256, and how many examples of it."""

    name: str
    sha256: str
    training: int
    validation: int
    test: int


@dataclass(frozen=True)
class Scores:
    """The test split before and after.

    `right` counts the `asked` examples whose answer was the expected one word for
    word; `loss` is the mean over the tokens of the answers, in nats.
    """

    asked: int
    right_before: int
    right_after: int
    loss_before: float | None
    loss_after: float | None


@dataclass(frozen=True)
class TrainingRecord:
    """A training: from what, on what, how, and how it went.

    `settings` are those of the trainer by name. `steps` were made, and the weights are
    those after `best_step`; `tokens` were read in `seconds`.
    """

    method: Method
    base: BaseRecord
    data: DataRecord
    settings: Mapping[str, Setting]
    ending: Ending
    steps: int
    best_step: int
    tokens: int
    seconds: float
    training_losses: Curve
    validation_losses: Curve
    scores: Scores | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "TrainingRecord":
        """What `to_json` gave. Raises `KeyError`, `TypeError`, `ValueError`."""
        base, data, scores = content["base"], content["data"], content["scores"]
        settings = typed(content["settings"], dict)
        if not all(isinstance(each, Setting) for each in settings.values()):
            raise TypeError("expected plain settings")
        return cls(
            method=one_of(Method, content["method"]),
            base=BaseRecord(*(typed(base[n], str) for n in BASE_FIELDS)),
            data=DataRecord(
                typed(data["name"], str),
                typed(data["sha256"], str),
                *(count(data[n]) for n in ("training", "validation", "test")),
            ),
            settings=settings,
            ending=one_of(Ending, content["ending"]),
            steps=count(content["steps"]),
            best_step=count(content["best_step"]),
            tokens=count(content["tokens"]),
            seconds=number(content["seconds"]),
            training_losses=_curve(content["training_losses"]),
            validation_losses=_curve(content["validation_losses"]),
            scores=None if scores is None else _scores(scores),
        )


BASE_FIELDS = ("name", "sha256", "family")


def thinned(points: Sequence[tuple[int, float]], most: int = MOST_POINTS) -> Curve:
    """A curve of at most so many points: means of neighbours, at the last one's step.

    A loss has four digits behind the point.
    """
    if not points:
        return ()
    size = -(-len(points) // most)
    groups = (points[at : at + size] for at in range(0, len(points), size))
    return tuple(
        (group[-1][0], round(sum(loss for _, loss in group) / len(group), 4))
        for group in groups
    )


def _curve(content: Any) -> Curve:
    return tuple((count(step), number(loss)) for step, loss in typed(content, list))


def _scores(content: Mapping[str, Any]) -> Scores:
    losses = (content["loss_before"], content["loss_after"])
    return Scores(
        *(count(content[n]) for n in ("asked", "right_before", "right_after")),
        *(None if loss is None else number(loss) for loss in losses),
    )
