"""Watching the mixers while they work."""

from ...chat import starts_of
from ...engine import MixerReadings
from ..mixers import MixersPanel, Trace
from .acting import Acting

# Below this width the list of chats makes room for the panel.
WIDE_ENOUGH = 132
# The panel is drawn anew with every so many flushes.
EVERY = 4
SEEN_NEXT = "What FoX still sees is shown with the next reply."


class Watching(Acting):
    """Shows the readings of a reply in the panel, and in the transcript on request."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.trace = Trace()
        self.fading = False
        self._fresh = False
        self._flushes = 0

    @property
    def panel(self) -> MixersPanel:
        """The panel on the right."""
        return self.query_one(MixersPanel)

    @property
    def watching(self) -> bool:
        return self.panel.display or self.fading

    def action_toggle_mixers(self) -> None:
        self.panel.display = not self.panel.display
        if not self.panel.display:
            self.composer.focus()
            return
        if self.app.size.width < WIDE_ENOUGH:
            self.sidebar.display = False
        self._draw()

    def action_toggle_fading(self) -> None:
        """Dim messages by what forgetting attention still sees of them."""
        self.fading = not self.fading
        if not self.fading:
            self.transcript.fade({})
        elif self.trace.last:
            self._draw()
        else:
            self.tell(SEEN_NEXT)

    def take_readings(self, readings: MixerReadings) -> None:
        # Another chat may be looked at while the reply comes.
        if self.view:
            self.trace.take(readings)
            self._fresh = True
            self.flush_soon()

    @property
    def waiting(self) -> bool:
        return super().waiting or self._fresh

    def left_behind(self) -> None:
        super().left_behind()
        self.trace = Trace()
        self.transcript.fade({})
        self._draw()

    async def flush(self) -> None:
        await super().flush()
        self._flushes += 1
        if self._fresh and (self._flushes % EVERY == 0 or not self.turns.busy):
            self._fresh = False
            self._draw()

    def _draw(self) -> None:
        if self.panel.display:
            self.panel.show(self.trace, self.settings.ttt)
        if self.fading:
            self.transcript.fade(self._seen())

    def _seen(self) -> dict[str, float]:
        """How much of each message the last reply could still see, by its id."""
        seen = self.trace.seen()
        asked = [n for n, message in enumerate(self.branch) if message.role == "user"]
        if not seen or not asked:
            return {}
        # Questions that got a reply, and the last one, which is getting it.
        places = [*starts_of(self.branch[: asked[-1]]), asked[-1]]
        held = len(seen) // 2
        found = {m.id: 0.0 for m in self.branch[: places[-held]]}
        ends = [*places[1:], len(self.branch)]
        for number in range(1, held + 1):
            place, end = places[-number], ends[-number]
            question, reply = seen[-2 * number], seen[-2 * number + 1]
            found[self.branch[place].id] = question
            found |= {m.id: reply for m in self.branch[place + 1 : end]}
        return found
