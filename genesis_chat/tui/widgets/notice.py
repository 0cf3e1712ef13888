"""One notice at a time, above the composer; the row is empty when there is none."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.notifications import Notification
from textual.timer import Timer
from textual.widgets import Static

from .shown import plain


class Notice(Horizontal):
    """The latest notice; `more` says on the right that the end is out of sight."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: Notification | None = None
        self._timer: Timer | None = None
        self._more = ""
        # They may be told something while the program ends, and are held for that.
        self._said = Static(id="notice", markup=False)
        self._beyond = Static(id="more", markup=False)

    def compose(self) -> ComposeResult:
        yield self._said
        yield self._beyond

    def show(self, notices: Sequence[Notification]) -> None:
        """Show the last notice for as long as it asks for, or none."""
        notice = notices[-1] if notices else None
        if notice == self.shown:
            return
        self.shown = notice
        if self._timer:
            self._timer.stop()
            self._timer = None
        text = Content("")
        if notice:
            text = plain(notice.message)
            if notice.title:
                text = Content.assemble((notice.title, "bold"), " ", text)
            self._timer = self.set_timer(max(0.0, notice.time_left), self._over)
        self.set_class(notice is not None, "-told")
        self.set_class(notice is not None and notice.severity == "error", "-error")
        self._said.update(text)

    @property
    def more(self) -> str:
        """What is said of the end of the conversation."""
        return self._more

    @more.setter
    def more(self, text: str) -> None:
        if text != self._more:
            self._more = text
            self._beyond.update(plain(text))

    def on_click(self, event: Click) -> None:
        self._over()

    def _over(self) -> None:
        if self.shown:
            self.app._unnotify(self.shown)
