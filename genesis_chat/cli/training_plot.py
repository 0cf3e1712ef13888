"""Curves of a training as text: legible without colours and in any font."""

from collections.abc import Sequence
from dataclasses import dataclass

Points = Sequence[tuple[int, float]]
# Training losses are averaged to a column each, validation's are marked where they are.
TRAINING, VALIDATION = "•", "o"
LABEL = 7


@dataclass(frozen=True)
class Cell:
    """A character of the plot, and what it is of: "training", "validation" or ""."""

    text: str
    of: str = ""


def plot(
    training: Points, validation: Points, steps: int, width: int, height: int
) -> list[list[Cell]]:
    """Lines of a plot of losses over steps 1 to `steps`, `width` characters wide.

    The last two lines are the axis and its numbers.
    """
    columns = max(10, width - LABEL - 1)
    grid = [[Cell(" ") for _ in range(columns)] for _ in range(height)]
    shown = _columns(training, steps, columns)
    losses = [loss for _, loss in (*shown, *validation)]
    high = max(losses, default=1.0)
    low = min([0.0, *losses]) if _reaches_down(losses) else min(losses)
    span = high - low or 1.0

    def put(step: float, loss: float, cell: Cell) -> None:
        x = round((step - 1) / max(1, steps - 1) * (columns - 1))
        y = round((high - loss) / span * (height - 1))
        grid[min(max(y, 0), height - 1)][min(max(x, 0), columns - 1)] = cell

    for step, loss in shown:
        put(step, loss, Cell(TRAINING, "training"))
    for step, loss in validation:
        put(step, loss, Cell(VALIDATION, "validation"))
    labels = {0: high, height // 2: high - span * (height // 2) / (height - 1), -1: low}
    lines = []
    for at, row in enumerate(grid):
        value = labels.get(at, labels[-1] if at == height - 1 else None)
        label = f"{value:.2f}" if value is not None else ""
        lines.append([Cell(f"{label:>{LABEL - 1}} │"), *row])
    lines.append([Cell(f"{'':{LABEL}}└{'─' * columns}")])
    ends = f"{'step 1':<{columns - len(str(steps))}}{steps}"
    lines.append([Cell(f"{'':{LABEL + 1}}{ends}")])
    return lines


def _reaches_down(losses: Sequence[float]) -> bool:
    """Whether the curve fell far enough that zero belongs on its axis."""
    return not losses or min(losses) < max(losses) / 3


def _columns(points: Points, steps: int, columns: int) -> list[tuple[float, float]]:
    """The means of the points that share a column."""
    found: dict[int, list[tuple[int, float]]] = {}
    for step, loss in points:
        found.setdefault(step * columns // (steps + 1), []).append((step, loss))
    return [
        (sum(s for s, _ in each) / len(each), sum(x for _, x in each) / len(each))
        for each in found.values()
    ]
