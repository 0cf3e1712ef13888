"""Watching the mixers while they work."""

from textual.theme import Theme

from ...engine import Event
from ..mixers import Legend, MixersPanel, Watch
from .acting import Acting

# Below this width the list of chats makes room for the panel.
WIDE_ENOUGH = 132
# The panel and the colours are drawn anew with every so many flushes.
EVERY = 6


class Watching(Acting):
    """Shows the readings of a reply in the panel, and in the transcript on request."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.watch_of_chat = Watch()
        # Whether the list of chats made room for the panel.
        self._made_room = False
        self._fresh = False
        self._flushes = 0

    @property
    def panel(self) -> MixersPanel:
        """The panel on the right."""
        return self.query_one(MixersPanel)

    @property
    def watching(self) -> bool:
        return self.panel.display or self.watch_of_chat.asks

    def action_toggle_mixers(self) -> None:
        panel = self.panel
        panel.display = not panel.display
        self.set_class(panel.display, "-mixers")
        if not panel.display:
            if self._made_room:
                self.sidebar.display = True
            self.composer.focus()
        elif self.sidebar.display and self.app.size.width < WIDE_ENOUGH:
            self.sidebar.display, self._made_room = False, True
        else:
            self._made_room = False
        self.draw_mixers()

    def action_colour_tokens(self) -> None:
        """Colour the tokens of the transcript by something else, or no longer."""
        self.watch_of_chat.mode = self.watch_of_chat.following
        self.draw_mixers()

    def watch_event(self, event: Event) -> None:
        # Another chat may be looked at while the reply comes.
        here = self.beginning or self._is_open(self.replying_in or "")
        in_sight = here and self.view is not None
        watch = self.watch_of_chat
        fresh = watch.take(event, self.reply_id, in_sight=in_sight)
        if fresh or (watch.mode == "surprise" and in_sight):
            self._fresh = True
            self.flush_soon()

    @property
    def waiting(self) -> bool:
        return super().waiting or self._fresh

    def left_behind(self) -> None:
        super().left_behind()
        self.watch_of_chat.leave()
        self.draw_mixers()

    async def flush(self) -> None:
        await super().flush()
        self._flushes += 1
        if self._fresh and (self._flushes % EVERY == 0 or not self.turns.busy):
            self._fresh = False
            self.draw_mixers()

    def theme_changed(self, theme: Theme) -> None:
        """Fields and tints are mixed from the colours of the theme."""
        self.call_after_refresh(self.draw_mixers)

    def draw_mixers(self) -> None:
        """Draw what is shown of the mixers; nothing is done for what is not."""
        watch, model = self.watch_of_chat, self.genesis.model
        tells = model is None or model.features.readings
        if self.panel.display:
            learns: bool | None = self.settings.ttt
            if model and not any(s.name == "ttt" for s in model.features.switches):
                learns = None
            self.panel.show(watch.trace, watch.tokens, tells, learns)
        legend = self.query_one(Legend)
        tints = watch.tints(self.branch)
        replies = {m.id for m in self.branch if m.role == "assistant"}
        legend.show(
            watch.mode,
            watch.following,
            tells=tells or watch.mode != "attention",
            some=bool(tints),
            whole=replies <= tints.keys(),
        )
        styles = legend.styles_of(watch.mode) if tints else ()
        self.transcript.tint(tints, styles)
