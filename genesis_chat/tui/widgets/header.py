"""The first row: the chat's title on the left, the model on the right."""

import re

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from ...engine import ModelFacts
from .activity import Activity
from .fitting import Fitting
from .shown import line, size

NAME = "◆ Genesis"


class Header(Horizontal):
    """What is open, and what answers."""

    def __init__(self) -> None:
        super().__init__()
        # Long and short forms of what runs, and how much memory it holds.
        self._forms: tuple[str, ...] = ()
        self._memory = ""
        # They may be told something while the program ends, and are held for that.
        self._title, self._model = Fitting("title"), Fitting("model")
        self._activity = Activity("loading")

    def compose(self) -> ComposeResult:
        yield Static(
            Content.assemble((NAME[0], "$accent"), (NAME[1:], "bold")), id="name"
        )
        yield self._title
        yield self._model
        yield self._activity

    def on_mount(self) -> None:
        self._activity.display = False

    def title(self, title: str, *, private: bool) -> None:
        """The conversation that is open."""
        shown = line(title)
        forms = [shown]
        if private:
            mark = Content.styled("(private · not saved)", "$text-warning")
            # Where there is little room the mark is what must be seen.
            forms = [Content.assemble(shown, " ", mark), mark]
        self._title.say(*forms)

    def model(self, facts: ModelFacts) -> None:
        """The model that is loaded."""
        on = [s.label for s in facts.features.switches if s.name in facts.switches]
        runs = " · ".join([facts.name, facts.dtype, facts.device, *on])
        reason = f" ({facts.why})" if facts.device != "Metal" and facts.why else ""
        self._forms = f"{runs}{reason}", runs, f"{facts.name} · {facts.device}"
        self._show()

    def none(self) -> None:
        """No model is loaded."""
        self._forms, self._memory = ("No model · F2",), ""
        self._show()

    def memory(self, count: int | None) -> None:
        """Bytes that the model's process holds."""
        self._memory = size(count) if count else ""
        if not self._activity.busy:
            self._show()

    def wait(self, text: str) -> None:
        """The model is being loaded or prepared."""
        self._model.display = False
        # There is no room for more than what it is.
        self._activity.wait(text.partition(" (")[0])

    @property
    def waiting(self) -> str:
        """What is waited for, empty when nothing is."""
        return self._activity.text if self._activity.busy else ""

    def _show(self) -> None:
        self._activity.say("")
        self._model.display = True
        memory = f" · {self._memory}" if self._memory else ""
        short = re.sub(r"\.\d+", "", memory)
        forms = [f"{form}{memory}" for form in self._forms]
        if self._forms:
            forms += [f"{self._forms[-1]}{short}", self._forms[-1]]
        self._model.say(*(line(form) for form in forms or [""]))
