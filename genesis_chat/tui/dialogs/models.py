"""Choosing a model, and fetching others."""

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
    InstalledModel,
    builtin,
    cached_models,
    default_name,
    installed,
)
from ..services.download import OFFERS, Download, Offer, Progress
from ..widgets.shown import line, size


@dataclass(frozen=True)
class Row:
    """A model to choose; `problem` is a sentence when it cannot be used."""

    name: str
    detail: str
    problem: str


class Fetch(Button):
    """Fetches a model, and stops that again."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        id = "fetch" if offer == OFFERS[0] else f"fetch-{offer.name}"
        super().__init__(f"Download {offer.title}", id=id, variant="primary")

    def show(self, running: Offer | None, installed: bool) -> None:
        """What it does now: only one is fetched at a time."""
        stops = running == self.offer
        self.label = "Stop" if stops else f"Download {self.offer.title}"
        self.display = stops if running else not installed


class Models(ModalScreen[str | None]):
    """Installed models with size, dtype and state; returns the name of the chosen."""

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def __init__(self, current: str, download: Download, first: bool = False) -> None:
        super().__init__()
        self._current, self._download, self._first = current, download, first
        self._names: set[str] = set()
        self._bar: ProgressBar | None = None

    def compose(self) -> ComposeResult:
        title = "Which model shall it be?" if self._first else "Models"
        with Vertical(classes="dialog"):
            yield Static(title, classes="title")
            yield OptionList(id="rows", markup=False)
            yield Static("", id="told", markup=False)
            with Horizontal(classes="buttons"):
                for offer in OFFERS:
                    yield Fetch(offer)
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        if self._download.running:
            self.show_download(self._download.last)
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
        usable = [row.name for row in rows if not row.problem]
        chosen = self._current if self._current in usable else usable[0]
        listed.highlighted = listed.get_option_index(chosen)
        listed.focus()
        self._names = {row.name for row in rows}
        self._show_buttons(self._download.running)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if not isinstance(event.button, Fetch):
            self.action_leave()
        elif self._download.running:
            self._download.stop()
            self._tell("Stopping ...")
        else:
            self._download.start(event.button.offer)
            self._show_buttons(True)

    def action_leave(self) -> None:
        self.dismiss(None)

    def show_download(self, what: Progress | str) -> None:
        """How far the download is, or how it ended."""
        running = isinstance(what, Progress)
        if isinstance(what, Progress):
            # Only now: it moves 15 times a second, also where nobody sees it.
            if self._bar is None:
                self._bar = ProgressBar(show_eta=True)
                self.query_one(".dialog").mount(self._bar, after="#told")
            self._bar.update(total=what.total or None, progress=what.done)
        elif self._bar:
            self._bar.remove()
            self._bar = None
        going = running or self._download.running
        self._show_buttons(going)
        self._tell(str(what))
        if not going:
            self._look()

    def _show_buttons(self, running: bool) -> None:
        fetched = self._download.offer if running else None
        for button in self.query(Fetch):
            button.show(fetched, button.offer.name in self._names)

    def _tell(self, text: str) -> None:
        self.query_one("#told", Static).update(line(text))


def _rows() -> list[Row]:
    rows = [
        Row(model.name, _detail(model), model.problem or "") for model in installed()
    ]
    small = _detail(builtin()) or "small"
    rows.append(Row(BUILTIN, f"{small}, to try things out", ""))
    rows += [Row(m.name, _detail(m), m.problem or "") for m in cached_models()]
    return rows


def _detail(model: InstalledModel) -> str:
    """Parameters, dtype and size on the disk, as far as they are known."""
    manifest = model.manifest
    if manifest is None:
        if model.folder is None:
            return ""
        kind = model.folder.quantization or ""
        where = "in the Hub's cache" if model.cached else ""
        parts = (model.folder.model_type, kind, size(model.bytes), where)
        return "  ".join(part for part in parts if part)
    bits = manifest.quantization
    kind = f"{bits}-bit" if bits else manifest.dtype
    return f"{manifest.parameters / 1e6:.3g}M  {kind}  {size(model.bytes)}"
