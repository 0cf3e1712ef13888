"""How a training goes: a live plot on a terminal, lines in a pipe."""

import os
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import click

from .models_training import duration
from .training_plot import TRAINING, VALIDATION, plot

STYLES = {"training": "cyan", "validation": "bold yellow", "": ""}
HEIGHT, WIDEST = 12, 100
# In a pipe a line comes this often, and with every validation.
LINES = 20
# Steps that the speed is a mean of.
RECENT = 20


@dataclass
class Figures:
    """What the events have told so far."""

    steps: int
    training: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    speeds: list[tuple[int, float]] = field(default_factory=list)
    step: int = 0
    best: tuple[int, float] | None = None
    saved: int = 0

    def add(self, event: dict[str, Any]) -> None:
        """Take an event of `TrainingProcess` in."""
        match event["kind"]:
            case "step":
                self.step = event["step"]
                self.training.append((self.step, event["loss"]))
                seconds = event["tokens"] / event["tokens_per_second"]
                self.speeds = [*self.speeds, (event["tokens"], seconds)][-RECENT:]
            case "validation":
                self.validation.append((event["step"], event["loss"]))
                if event["best"]:
                    self.best = event["step"], event["loss"]
            case "checkpoint":
                self.saved = event["step"]

    @property
    def words(self) -> str:
        """Where it stands, in one line."""
        parts = [f"Step {self.step:,} of {self.steps:,}"]
        if self.training:
            recent = [loss for _, loss in self.training[-RECENT:]]
            parts.append(f"loss {sum(recent) / len(recent):.3f}")
        if self.validation:
            parts.append(f"validation {self.validation[-1][1]:.3f}")
        tokens = sum(count for count, _ in self.speeds)
        seconds = sum(each for _, each in self.speeds)
        if seconds:
            parts.append(f"{tokens / seconds:,.0f} tokens/s")
            left = (self.steps - self.step) * seconds / len(self.speeds)
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)


class Progress:
    """Shows figures on standard error while they come."""

    def __init__(self, steps: int) -> None:
        from rich.console import Console

        self.figures = Figures(steps)
        self._console = Console(stderr=True, highlight=False)
        self._live: Any = None
        self._told = 0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal and os.environ.get("TERM") != "dumb":
            from rich.live import Live

            self._live = Live(
                get_renderable=self._picture,
                console=self._console,
                refresh_per_second=4,
                transient=False,
            )
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)

    def add(self, event: dict[str, Any]) -> None:
        """Show what an event tells."""
        self.figures.add(event)
        if self._live is None and self._is_news(event):
            click.echo(f"{self.figures.words}.", err=True)

    def tell(self, text: str) -> None:
        """Say something beside the figures."""
        if self._live:
            self._console.print(text, markup=False, style="dim")
        else:
            click.echo(text, err=True)

    def _is_news(self, event: dict[str, Any]) -> bool:
        if event["kind"] == "step" and self.figures.step == 1:
            return True
        if self.figures.validation:
            return bool(event["kind"] == "validation")
        part = self.figures.step * LINES // self.figures.steps
        if event["kind"] == "step" and part > self._told:
            self._told = part
            return True
        return False

    def _picture(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        figures = self.figures
        width = min(self._console.width - 1, WIDEST)
        if not figures.training:
            waited = time.monotonic() - self._began
            return Text(f"Preparing… {duration(waited)}")
        lines = [Text(figures.words)]
        for row in plot(
            figures.training, figures.validation, figures.steps, width, HEIGHT
        ):
            line = Text()
            for cell in row:
                line.append(cell.text, STYLES[cell.of])
            lines.append(line)
        told = Text.assemble(
            (TRAINING, STYLES["training"]),
            " training  ",
            (VALIDATION, STYLES["validation"]),
            " validation  ",
            (self._kept(), "dim"),
        )
        bar = ProgressBar(total=figures.steps, completed=figures.step, width=width)
        return Group(*lines, told, bar)

    def _kept(self) -> str:
        best, saved = self.figures.best, self.figures.saved
        parts = [
            f"best {best[1]:.3f} at step {best[0]}" if best else "",
            f"step {saved} kept" if saved else "",
            "Ctrl+C stops and keeps the last step",
        ]
        return ", ".join(filter(None, parts))
