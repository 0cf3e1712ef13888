"""The table before and after a training, and answers side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ..text import sanitize

if TYPE_CHECKING:
    from converters.training_record import Scores

    from ..training.questions import Question

MOST_SAMPLES = 6


@dataclass(frozen=True)
class Sample:
    """A question of the test split and its two answers."""

    question: "Question"
    before: str
    after: str


def show_table(scores: "Scores | None", samples: Sequence[Sample]) -> None:
    """Write both to standard output."""
    for line in lines(scores, samples):
        click.echo(sanitize(line))


def lines(scores: "Scores | None", samples: Sequence[Sample]) -> Iterator[str]:
    """The lines of both; nothing where there was no test split."""
    if scores is None:
        return
    yield f"{'On the test split':<22}{'before':>10}{'after':>10}"
    if scores.loss_before is not None and scores.loss_after is not None:
        yield f"{'loss':<22}{scores.loss_before:>10.3f}{scores.loss_after:>10.3f}"
    if scores.asked:
        right = f"right of {scores.asked}"
        yield f"{right:<22}{scores.right_before:>10}{scores.right_after:>10}"
    shown = chosen(samples)
    if shown:
        yield ""
        yield from _side_by_side(shown)


def chosen(samples: Sequence[Sample]) -> list[Sample]:
    """A few samples, spread evenly, those first whose answer has changed."""
    changed = [each for each in samples if each.before != each.after]
    same = [each for each in samples if each.before == each.after]
    step = max(1, len(changed) // MOST_SAMPLES)
    return [*changed[::step][:MOST_SAMPLES], *same][:MOST_SAMPLES]


def _side_by_side(samples: Sequence[Sample]) -> Iterator[str]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(no_color=True, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for head in ("Question", "Expected", "Before", "After"):
        table.add_column(head, ratio=1, overflow="fold")
    for each in samples:
        texts = (
            each.question.content,
            each.question.expected,
            each.before,
            each.after,
        )
        table.add_row(*(Text(sanitize(text.strip())) for text in texts))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().rstrip().splitlines():
        yield line.rstrip()
