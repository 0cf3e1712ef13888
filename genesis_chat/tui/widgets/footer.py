"""The last row: keys for what has the focus, and what was measured."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click, Resize
from textual.message import Message
from textual.widgets import Static

from ...engine import Context, PromptProgress, Reply, measured_speed
from ...text import counted
from ..services.download import Progress
from .fitting import Fitting
from .gauge import gauge
from .shown import line

# Columns of the gauge, and of its short form.
BAR, SHORT_BAR = 10, 8
# Within fewer columns figures are told in fewer words.
WIDE = 112
GAP = "   "
Hint = tuple[str, str]


class Hints(Fitting):
    """Keys with a word on each; a click presses the first one."""

    def __init__(self) -> None:
        super().__init__("hints")
        self._hints: Sequence[Hint] = ()

    def show(self, hints: Sequence[Hint]) -> None:
        """Show as many as there is room for."""
        if hints != self._hints:
            self._hints = hints
            self.say(*(_shown(hints[:end]) for end in range(len(hints), -1, -1)))

    def on_click(self, event: Click) -> None:
        start = 0
        for hint in self._hints:
            end = start + _one(hint).cell_length
            if start <= event.x < min(end, self.content_size.width):
                self.post_message(Footer.Pressed(hint[1]))
            start = end + len(GAP)


class Footer(Horizontal):
    """A hint is a key as people write it, and a word; the main ones come first."""

    class Pressed(Message):
        """A hint was clicked; its word."""

        def __init__(self, word: str) -> None:
            self.word = word
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        # The long form and the short form of each figure.
        self._forms: dict[str, tuple[Content, Content]] = {}
        # They may be told something while the program ends, and are held for that.
        self._hints = Hints()
        names = ("speed", "download", "context")
        self._figures = {name: Static(id=name, markup=False) for name in names}

    def compose(self) -> ComposeResult:
        yield self._hints
        yield from self._figures.values()

    def on_resize(self, event: Resize) -> None:
        for name in self._forms:
            self._show(name)

    def hints(self, hints: Sequence[Hint]) -> None:
        """What the keys do for what has the focus."""
        self._hints.show(hints)

    def reading(self, progress: PromptProgress) -> None:
        """How much of the prompt has been read."""
        self._say("speed", f"reading prompt {progress.done}/{progress.total}")

    def writing(self, tokens: int, seconds: float) -> None:
        """A reply that is being written."""
        count = counted(tokens, "token")
        rate = measured_speed(tokens, (tokens - 1) / seconds if seconds > 0 else None)
        speed = f"{rate:,.0f} tok/s" if rate else ""
        self._say("speed", f"{count} · {speed}" if speed else count, speed or count)

    def finished(self, reply: Reply) -> None:
        """A reply's speed; the rest stands under the reply."""
        rate = reply.measured_speed
        self._say("speed", f"{rate:,.0f} tok/s" if rate else "")

    def forget(self) -> None:
        """The reply that was measured is no longer shown."""
        self._say("speed", "")

    def download(self, progress: Progress | None) -> None:
        """A model that is being fetched."""
        self._say("download", str(progress) if progress else "")

    def context(self, context: Context | None) -> None:
        """The gauge; what leaves next is told when it is near."""
        if context is None:
            self._say("context", "")
            return
        near = bool(context.leaving and context.room < context.limit // 8)
        drop = "drops" if context.leaving == 1 else "drop"
        leaving = f" · {counted(context.leaving, 'message')} {drop} out next"
        style = "$accent" if context.room and not near else "$warning"
        share = context.used / context.limit
        used, limit = f"{context.used:,}", f"{context.limit:,}"
        self._put(
            "context",
            Content.assemble(
                gauge(share, BAR, style),
                f" {used} / {limit} tokens",
                (leaving if near else "", "$warning"),
            ),
            Content.assemble(
                gauge(share, SHORT_BAR, style),
                (f" {used} / {limit}", "$warning" if near else ""),
            ),
        )

    def _say(self, name: str, long: str, short: str | None = None) -> None:
        self._put(name, line(long), line(long if short is None else short))

    def _put(self, name: str, long: Content, short: Content) -> None:
        if self._forms.get(name) != (long, short):
            self._forms[name] = (long, short)
            self._show(name)

    def _show(self, name: str) -> None:
        long, short = self._forms[name]
        shown = self._figures[name]
        shown.update(long if self.size.width >= WIDE else short)
        shown.display = bool(long)


def _shown(hints: Sequence[Hint]) -> Content:
    return Content(GAP).join(map(_one, hints))


def _one(hint: Hint) -> Content:
    key, word = (line(part).plain for part in hint)
    return Content.assemble((key, "$accent bold"), f" {word}")
