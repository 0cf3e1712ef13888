"""Choosing a model, and fetching the full one."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, ProgressBar, Static
from textual.widgets.option_list import Option

from ...errors import GenesisChatError
from ...models import (
    BUILTIN,
    RELEASED_REPOSITORY,
    default_name,
    install,
    installed,
    suggested_name,
)
from ..shown import line, size


@dataclass(frozen=True)
class Row:
    """A model to choose; `problem` is a sentence when it cannot be used."""

    name: str
    detail: str
    problem: str


class Stopped(Exception):
    """The person no longer wants the download."""


class Models(ModalScreen[str | None]):
    """Installed models with size, dtype and state; returns the name of the chosen."""

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def __init__(self, current: str, first: bool = False) -> None:
        super().__init__()
        self._current, self._first = current, first
        self._stop = threading.Event()
        self._fetching = False

    def compose(self) -> ComposeResult:
        title = "Which model shall it be?" if self._first else "Models"
        with Vertical(classes="dialog"):
            yield Static(title, classes="title")
            yield OptionList(id="rows", markup=False)
            yield Static("", id="told", markup=False)
            yield ProgressBar(show_eta=True)
            with Horizontal(classes="buttons"):
                yield Button("Download Genesis-152M", id="fetch", variant="primary")
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        self.query_one(ProgressBar).display = False
        self._look()

    @work(thread=True)
    def _look(self) -> None:
        try:
            rows, default = _rows(), default_name()
        except GenesisChatError as error:
            self.app.call_from_thread(self._tell, str(error))
            return
        self.app.call_from_thread(self._show, rows, default)

    def _show(self, rows: Sequence[Row], default: str) -> None:
        listed = self.query_one("#rows", OptionList)
        listed.clear_options()
        for row in rows:
            mark = "● " if row.name == self._current else "  "
            state = row.problem or ("default" if row.name == default else "")
            prompt = Content.assemble(
                (mark, "$accent"),
                (line(row.name).plain.ljust(24), "bold"),
                line(row.detail),
                (
                    f"  {line(state).plain}",
                    "$warning" if row.problem else "dim",
                ),
            )
            listed.add_option(Option(prompt, row.name, disabled=bool(row.problem)))
        listed.focus()
        has_it = any(row.name == suggested_name(RELEASED_REPOSITORY) for row in rows)
        self.query_one("#fetch", Button).display = not has_it

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._stop.set()
        self.dismiss(event.option_id)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "close":
            self.action_leave()
        elif self._fetching:
            self._stop.set()
            self._tell("Stopping ...")
        else:
            self._fetching = True
            self._stop.clear()
            event.button.label = "Stop"
            self._fetch()

    def action_leave(self) -> None:
        self._stop.set()
        self.dismiss(None)

    @work(thread=True)
    def _fetch(self) -> None:
        name = suggested_name(RELEASED_REPOSITORY)
        told = "Looking for it ..."
        self.app.call_from_thread(self._tell, told)
        try:
            install(RELEASED_REPOSITORY, name, progress=self._progress)
            told = f"{name} is ready."
        except Stopped:
            told = "Stopped. What was downloaded is kept and goes on the next time."
        except GenesisChatError as error:
            told = str(error)
        if self.is_mounted:
            self.app.call_from_thread(self._fetched, told)

    def _progress(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self.app.call_from_thread(self._advance, stage, done, total)

    def _advance(self, stage: str, done: int, total: int) -> None:
        bar = self.query_one(ProgressBar)
        bar.display = True
        bar.update(total=total or None, progress=done)
        self._tell(f"{stage}: {size(done)} of {size(total)}")

    def _fetched(self, told: str) -> None:
        self._fetching = False
        self.query_one("#fetch", Button).label = "Download Genesis-152M"
        self.query_one(ProgressBar).display = False
        self._tell(told)
        self._look()

    def _tell(self, text: str) -> None:
        self.query_one("#told", Static).update(line(text))


def _rows() -> list[Row]:
    rows = []
    for model in installed():
        manifest = model.manifest
        detail = ""
        if manifest:
            bits = manifest.quantization
            kind = f"{bits}-bit" if bits else manifest.dtype
            millions = manifest.parameters / 1e6
            detail = f"{millions:.0f}M  {kind}  {size(model.bytes)}"
        rows.append(Row(model.name, detail, model.problem or ""))
    return [*rows, Row(BUILTIN, "4.3M  small, to try things out", "")]
