"""The messages of a conversation, of which only the last few dozen are mounted."""

from collections.abc import Mapping, Sequence

from textual.containers import VerticalScroll
from textual.events import MouseScrollUp
from textual.message import Message
from textual.widgets import Static

from .message import MessageView, Shown

# So many messages are mounted, and so many more when the reader comes to the top.
WINDOW, STEP = 24, 16
WELCOME = """\
Write a message below and press Enter.

Everything stays on this computer, and every word is kept as it comes.

F1  keys and commands        F2  models
F3  system prompt            F4  settings
Ctrl+N  new chat             Ctrl+F  search
Ctrl+P  everything else      Ctrl+Q  leave"""


class ContextLine(Static):
    """Stands where the model's context begins: what is above it was left out."""

    def __init__(self) -> None:
        super().__init__("above this line the model no longer reads", markup=False)


class Transcript(VerticalScroll):
    """Follows the end of the conversation until the reader scrolls away from it."""

    can_focus = False

    class Moved(Message):
        """The reader has left the end, or come back to it."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[Shown] = []
        self._first = 0
        self._left_out = 0
        self._fading: Mapping[str, float] = {}
        self._growing = False
        self._earlier = Static(classes="earlier", markup=False)
        self._welcome = Static(WELCOME, classes="welcome", markup=False)

    @property
    def views(self) -> list[MessageView]:
        """The mounted messages, in order."""
        return list(self.query(MessageView))

    async def show(self, messages: Sequence[Shown], left_out: int = 0) -> None:
        """Show another conversation or branch; `left_out` messages are not read."""
        self._messages, self._left_out = list(messages), left_out
        self._first = max(0, len(messages) - WINDOW)
        with self.app.batch_update():
            await self.remove_children()
            await self.mount(self._earlier, self._welcome)
            self._welcome.display = not self._messages
            await self.mount_all(
                [self._view(shown) for shown in self._messages[self._first :]]
            )
            await self._place_lines()
        self.anchor()

    async def add(self, shown: Shown) -> MessageView:
        """Add a message at the end and go there."""
        self._messages.append(shown)
        view = self._view(shown)
        self._welcome.display = False
        await self.mount(view)
        views = self.views
        if len(views) > WINDOW + STEP and not self._away:
            self._first += len(views) - WINDOW
            with self.app.batch_update():
                await self.remove_children(views[: len(views) - WINDOW])
                await self._place_lines()
        self.anchor()
        return view

    async def cut(self, shown: Sequence[Shown]) -> None:
        """Take away what follows these messages, and show them as they are now."""
        self._messages = list(shown)
        self._welcome.display = not self._messages
        views = self.views
        keep = len(shown) - self._first
        await self.remove_children(views[max(0, keep) :])
        for view, each in zip(views, shown[self._first :], strict=False):
            view.show(each)

    def replace(self, shown: Shown) -> None:
        """Remember the state of a message."""
        for number, each in enumerate(self._messages):
            if each.message.id == shown.message.id:
                self._messages[number] = shown

    async def set_left_out(self, count: int) -> None:
        """So many messages, the oldest, are no longer read."""
        self._left_out = count
        await self._place_lines()

    def fade(self, seen: Mapping[str, float]) -> None:
        """Dim messages by how much of them is still seen, 0 to 1, by their ids."""
        self._fading = seen
        for view in self.views:
            view.remaining = seen.get(view.shown.message.id)

    async def reveal(self, message: str) -> MessageView | None:
        """Mount everything down from a message, and focus it."""
        place = next(
            (n for n, s in enumerate(self._messages) if s.message.id == message), None
        )
        if place is None:
            return None
        await self._mount_from(max(0, min(self._first, place - 2)))
        view = self.views[place - self._first]
        self.release_anchor()
        view.focus()
        self.call_after_refresh(view.scroll_visible, animate=False, top=True)
        return view

    def step_from(self, view: MessageView | None, step: int) -> None:
        """Focus the message above or below; the last one without any."""
        views = self.views
        if not views:
            return
        if view is None or view not in views:
            views[-1].focus()
            return
        place = views.index(view) + step
        if 0 <= place < len(views):
            views[place].focus()
        elif place < 0 and self._first:
            self.run_worker(self._grow(), exclusive=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """More messages when the reader comes to the top."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value:
            self.more()

    def more(self) -> None:
        """More messages, if the reader is at the top already."""
        if self.scroll_y <= 2 and self._first and not self._growing:
            self.run_worker(self._grow(), exclusive=True)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        self.more()

    @property
    def _away(self) -> bool:
        return self.scroll_y < self.max_scroll_y - 1

    def _view(self, shown: Shown) -> MessageView:
        view = MessageView(shown)
        view.set_reactive(MessageView.remaining, self._fading.get(shown.message.id))
        return view

    async def _grow(self) -> None:
        self._growing = True
        try:
            top = next(iter(self.views), None)
            before = top.virtual_region.y if top else 0
            await self._mount_from(max(0, self._first - STEP))

            def keep_place() -> None:
                if top and top.is_mounted:
                    moved = top.virtual_region.y - before
                    self.scroll_to(y=self.scroll_y + moved, animate=False)

            self.call_after_refresh(keep_place)
        finally:
            self._growing = False

    async def _mount_from(self, first: int) -> None:
        if first >= self._first:
            return
        new = [self._view(shown) for shown in self._messages[first : self._first]]
        self._first = first
        with self.app.batch_update():
            await self.mount_all(new, after=self._earlier)
            await self._place_lines()

    async def _place_lines(self) -> None:
        self._earlier.display = bool(self._first)
        self._earlier.update(f"{self._first} earlier messages, scroll up to see them")
        await self.query(ContextLine).remove()
        views, place = self.views, self._left_out - self._first
        if self._left_out and 0 <= place < len(views):
            await self.mount(ContextLine(), before=views[place])
