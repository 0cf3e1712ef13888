"""Choosing a model, and fetching others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, ProgressBar, Static
from textual.widgets.option_list import Option

from ...errors import GenesisChatError
from ...models import default_name
from ..services.download import OFFERS, Download, Offer, Progress
from ..widgets.choices import Choices
from ..widgets.columns import Columns, Pair, PairVisual
from ..widgets.fields import Line
from ..widgets.shown import line
from .model_rows import Row, model_rows
from .panel import TitleRow, fit

# From so many models on they can be filtered by what is typed.
MANY = 10
# Rows of the dialog beside the list, with what is told of a download.
AROUND = 14


class Fetch(Button):
    """Fetches a model, and stops that again."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        id = "fetch" if offer == OFFERS[0] else f"fetch-{offer.name}"
        super().__init__(_download(offer), id=id, variant="primary")

    def show(self, running: Offer | None, installed: bool) -> None:
        """What it does now: only one is fetched at a time."""
        stops = running == self.offer
        self.label = "Stop" if stops else _download(self.offer)
        self.display = stops if running else not installed


class Models(ModalScreen[str | None]):
    """Installed models with size, dtype and state; returns the name of the chosen."""

    @dataclass
    class Found(Message):
        """The models there are and the default's name, or why they are not known."""

        rows: Sequence[Row]
        default: str
        problem: str = ""

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close"),
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]

    def __init__(
        self, current: str, download: Download, *, fetch: Offer | None = None
    ) -> None:
        super().__init__()
        self._current, self._download = current, download
        # What is to be downloaded at once.
        self._fetch = fetch
        self._rows: list[Row] = []
        self._default = ""
        self._names: set[str] = set()
        self._columns = Columns([])
        self._bar: ProgressBar | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield TitleRow("Choose a model")
            yield Line(placeholder="Type to filter", id="filter", compact=True)
            yield Choices(id="rows", markup=False)
            yield Static("", id="told", markup=False)
            with Horizontal(classes="buttons"):
                yield Static("Download", id="download", markup=False)
                for offer in OFFERS:
                    yield Fetch(offer)
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        self.query_one(Choices).goes_with(self.query_one("#filter"))
        if self._fetch:
            self._download.start(self._fetch)
        if self._download.running:
            self.show_download(self._download.last)
        self._look()

    @work(thread=True)
    def _look(self) -> None:
        try:
            found = self.Found(model_rows(), default_name())
        except GenesisChatError as error:
            found = self.Found([], "", str(error))
        # Dropped where the dialog is about to go, as a call would not be.
        self.post_message(found)

    def on_models_found(self, event: Found) -> None:
        event.stop()
        if event.problem:
            self._tell(event.problem)
            return
        rows = event.rows
        self._rows, self._default = list(rows), event.default
        self._columns = Columns([self._pair(row) for row in rows])
        filter = self.query_one("#filter", Input)
        filter.display = len(rows) >= MANY
        self._list("")
        self._fit()
        (filter if filter.display else self.query_one("#rows", OptionList)).focus()
        self._names = {row.name for row in rows}
        self._show_buttons(self._download.running)

    def on_resize(self) -> None:
        # Only then has it its width.
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        pairs = [self._pair(row) for row in self._rows]
        around = AROUND + 2 * len({row.group for row in self._rows})
        fit(self.query_one(".dialog"), pairs, self._columns, around)

    def _list(self, words: str) -> None:
        """List the models whose row has all of some words."""
        listed, group = self.query_one("#rows", OptionList), ""
        listed.clear_options()
        shown = [row for row in self._rows if _has(row, words)]
        for row in shown:
            if row.group != group:
                space = "\n" if group else ""
                group = row.group
                listed.add_option(Option(Content(f"{space}{group}"), disabled=True))
            shows = PairVisual(self._pair(row), self._columns)
            listed.add_option(Option(shows, row.name, disabled=bool(row.problem)))
        usable = [row.name for row in shown if not row.problem]
        if usable:
            chosen = self._current if self._current in usable else usable[0]
            listed.highlighted = listed.get_option_index(chosen)
        elif not shown:
            told = f"No model matches “{line(words).plain}”"
            listed.add_option(Option(Content(told), disabled=True))

    def _pair(self, row: Row) -> Pair:
        state = row.problem or ("default" if row.name == self._default else "")
        style = "$text-warning" if row.problem else "$text-accent"
        mark = "● " if row.name == self._current else "  "
        about = line(row.detail).stylize("$text-muted")
        shown = [about, line(state).stylize(style)]
        return Pair(
            Content.assemble(
                (mark, "$accent"), line(f"{_branch(row.depth)}{row.name}")
            ),
            Content("  ").join(part for part in shown if part),
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._list(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#rows", OptionList).action_select()

    def action_move(self, step: int) -> None:
        """The arrows go through the list while one types."""
        listed = self.query_one("#rows", OptionList)
        if step > 0:
            listed.action_cursor_down()
        else:
            listed.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if not isinstance(event.button, Fetch):
            self.action_leave()
        elif self._download.running:
            self._download.stop()
            self._tell("Stopping…")
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
        self._tell(str(what), error=not going and not self._download.ready)
        if not going:
            self._look()

    def _show_buttons(self, running: bool) -> None:
        fetched = self._download.offer if running else None
        buttons = self.query(Fetch)
        for button in buttons:
            button.show(fetched, button.offer.name in self._names)
        shown = not running and any(button.display for button in buttons)
        self.query_one("#download").display = shown

    def _tell(self, text: str, *, error: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.set_class(error, "-error")
        told.display = bool(text)
        told.update(line(text))


def _branch(depth: int) -> str:
    return f"{'  ' * (depth - 1)}└ " if depth else ""


def _has(row: Row, words: str) -> bool:
    text = f"{row.name} {row.detail} {row.group}".casefold()
    return all(word in text for word in words.casefold().split())


def _download(offer: Offer) -> str:
    return " · ".join(filter(None, (offer.title, offer.about)))
