"""Watching the mixers while they work."""

from textual.timer import Timer
from textual.widget import Widget

from ..mixers import Legend, MixersPanel, Watch
from ..services.messages import TurnEvent
from .parts import Parts

# The panel and the colours are drawn anew so often while readings come.
DRAW_SECONDS = 0.25


class Watching:
    """Shows the readings of a reply in the panel, and in the transcript on request.

    Args:
        widget: has the timer.
        parts: the chat that is open.
        panel: where the readings are drawn.
        legend: says what the colours mean.
    """

    def __init__(
        self, widget: Widget, parts: Parts, panel: MixersPanel, legend: Legend
    ) -> None:
        self._widget, self._parts = widget, parts
        self._panel, self._legend = panel, legend
        self.watch = Watch()
        self._timer: Timer | None = None

    def colour_next(self) -> None:
        """Colour the tokens of the transcript by something else, or no longer."""
        self.watch.mode = self.watch.following
        self.draw()

    def take(self, event: TurnEvent) -> None:
        """Anything that came of a reply."""
        fresh = self.watch.take(event.event, event.reply, in_sight=event.in_sight)
        wanted = fresh or (self.watch.mode == "surprise" and event.in_sight)
        if wanted and self._timer is None:
            self._timer = self._widget.set_timer(DRAW_SECONDS, self.draw)

    def leave(self) -> None:
        """Another chat is shown."""
        self.watch.leave()
        self.draw()

    def draw(self) -> None:
        """Draw what is shown of the mixers; nothing is done for what is not."""
        if self._timer:
            self._timer.stop()
            self._timer = None
        watch, model, chat = self.watch, self._parts.model, self._parts.chat
        self._parts.watched = bool(self._panel.display) or watch.asks
        tells = model is None or model.features.readings
        if self._panel.display:
            learns: bool | None = chat.settings.ttt
            if model and not any(s.name == "ttt" for s in model.features.switches):
                learns = None
            self._panel.show(watch.trace, watch.tokens, tells, learns)
        tints = watch.tints(chat.branch)
        replies = {m.id for m in chat.branch if m.role == "assistant"}
        self._legend.show(
            watch.mode,
            watch.following,
            tells=tells or watch.mode != "attention",
            some=bool(tints),
            whole=replies <= tints.keys(),
        )
        styles = self._legend.styles_of(watch.mode) if tints else ()
        self._parts.transcript.tint(tints, styles)
