"""The line at the bottom: what runs, how fast, and how full the context is."""

import re

from textual.app import ComposeResult, RenderResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from ...engine import Context, ModelFacts, PromptProgress, Reply, measured_speed
from ..services.download import Progress
from .shown import line, size

BAR = 10
# Within fewer columns figures are told in fewer words.
WIDE = 118


class Fitting(Static):
    """The first of some forms of a text that fits; the last one is cut if none does."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.forms: tuple[Content, ...] = (Content(""),)

    def say(self, *forms: Content) -> None:
        self.forms = forms
        self.refresh()

    def render(self) -> RenderResult:
        width = self.content_size.width
        fits = (form for form in self.forms if form.cell_length <= width)
        return next(fits, self.forms[-1].truncate(width, ellipsis=True))


class Status(Horizontal):
    """Numbers that were measured, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        # The long form and the short form of each figure.
        self._forms: dict[str, tuple[Content, Content]] = {}

    def compose(self) -> ComposeResult:
        yield Fitting("model")
        yield Static(id="speed", markup=False)
        yield Static(id="download", markup=False)
        yield Static(id="memory", markup=False)
        yield Static(id="context", markup=False)

    def on_resize(self, event: Resize) -> None:
        for name in self._forms:
            self._show(name)

    def model(self, facts: ModelFacts) -> None:
        """The model that is loaded."""
        on = [s.label for s in facts.features.switches if s.name in facts.switches]
        runs = ", ".join([f"{facts.name} · {facts.dtype} on {facts.device}", *on])
        reason = f" ({facts.why})" if facts.device != "Metal" else ""
        short = f"{facts.device} · {facts.name}"
        self._model.say(line(f"{runs}{reason}"), line(runs), line(short))

    def note(self, text: str) -> None:
        """Something instead of the model."""
        self._model.say(line(text))

    def reading(self, progress: PromptProgress) -> None:
        """How much of the prompt has been read."""
        self._say("#speed", line(f"reading {progress.done}/{progress.total}"))

    def writing(self, tokens: int, seconds: float) -> None:
        """A reply that is being written."""
        count = f"{tokens} tokens"
        rate = measured_speed(tokens, (tokens - 1) / seconds if seconds > 0 else None)
        speed = f"{rate:.0f} tokens/s" if rate else ""
        long = f"{count} · {speed}" if speed else count
        self._say("#speed", line(long), line(speed or count))

    def finished(self, reply: Reply) -> None:
        """A reply's own figures."""
        count = f"{reply.reply_tokens} tokens"
        speed, first = [], []
        if rate := reply.measured_speed:
            speed = [f"{rate:.0f} tokens/s"]
        if reply.seconds_to_first_token is not None:
            first = [f"first after {reply.seconds_to_first_token:.2f} s"]
        short = [*(speed or [count]), *(each.replace("after ", "") for each in first)]
        self._say(
            "#speed",
            line(" · ".join([count, *speed, *first])),
            line(" · ".join(short)),
        )

    def forget(self) -> None:
        """The reply that was measured is no longer shown."""
        self._say("#speed", Content(""))

    def download(self, progress: Progress | None) -> None:
        """A model that is being fetched."""
        self._say("#download", line(str(progress) if progress else ""))
        self.query_one("#download").display = progress is not None

    def memory(self, count: int | None) -> None:
        """Bytes of the model's process."""
        text = size(count) if count else ""
        self._say("#memory", line(text), line(re.sub(r"\.\d+", "", text)))

    def context(self, context: Context | None) -> None:
        """The gauge; what leaves next is told when it is near."""
        if context is None:
            self._say("#context", Content(""))
            return
        near = context.leaving and context.room < context.limit // 8
        leaving = f" · next out: {context.leaving}" if near else ""
        long, short = (_gauge(context, width) for width in (BAR, BAR // 2))
        self._say(
            "#context",
            Content.assemble(long, (leaving, "$warning")),
            short.stylize("$warning") if near else short,
        )

    @property
    def _model(self) -> Fitting:
        return self.query_one("#model", Fitting)

    def _say(self, name: str, long: Content, short: Content | None = None) -> None:
        self._forms[name] = (long, short or long)
        self._show(name)

    def _show(self, name: str) -> None:
        long, short = self._forms[name]
        wide = self.size.width >= WIDE
        self.query_one(name, Static).update(long if wide else short)


def _gauge(context: Context, width: int) -> Content:
    filled = round(width * min(1.0, context.used / context.limit))
    bar = "█" * filled + "░" * (width - filled)
    return Content.assemble(
        (f"{bar} ", "$accent" if context.room else "$warning"),
        f"{context.used}/{context.limit}",
    )
