"""The messages of a conversation, of which only a few dozen are mounted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from .between import Beyond, ContextLine
from .following import Following
from .message import MessageView
from .shown_message import Shown
from .tints import Tints

# So many messages are mounted, so many more near the reader, so many at most.
WINDOW, STEP, MOST = 24, 16, 72
# So many above one that is jumped to.
ABOVE = 4


class Transcript(Following):
    """Follows the end of the conversation until the reader scrolls away from it."""

    can_focus = False

    class Mounted(Message):
        """Messages came into the window that were not there."""

    class Moved(Message):
        """Another part of the conversation is in sight, or there is more of it."""

    def __init__(self, welcome: Callable[[], Widget]) -> None:
        super().__init__()
        # What stands there while no message does.
        self._new_welcome = welcome
        self._messages: list[Shown] = []
        # The messages with these indices are mounted.
        self._window = range(0)
        self._left_out, self._growing = 0, False
        self._tints: Mapping[str, Tints] = {}
        self._tint_styles: Sequence[Style] = ()
        # Words that stand out.
        self._words = ""
        self._changing = asyncio.Lock()
        self._earlier, self._later = Beyond(), Beyond()
        self._welcome: Widget = self._new_welcome()

    @property
    def views(self) -> list[MessageView]:
        """The mounted messages, in order."""
        return list(self.query(MessageView))

    @property
    def away(self) -> bool:
        """Whether the end of the conversation is out of sight."""
        return self._beyond_end or self.above_end

    async def show(self, messages: Sequence[Shown]) -> None:
        """Show another conversation or branch."""
        async with self._change():
            self._messages, self._left_out = list(messages), 0
            self._window = range(0)
            with self.app.batch_update():
                await self.remove_children()
                self._welcome = self._new_welcome()
                await self.mount(self._earlier, self._welcome, self._later)
                await self._mount_window(self._last_window)
        if messages:
            self.anchor()
        else:
            # A welcome stands at the top.
            self.release_anchor()
            self.scroll_home(animate=False)

    async def add(self, shown: Shown) -> MessageView:
        """Add a message at the end and go there."""
        async with self._change():
            window, follows = self._window, not self.away
            near = window.stop == len(self._messages)
            self._messages.append(shown)
            if near and (len(window) < WINDOW + STEP or not follows):
                await self._mount_window(range(window.start, len(self._messages)))
            else:
                await self._mount_window(self._last_window)
            view = self.views[-1]
        self.anchor()
        return view

    async def cut(self, shown: Sequence[Shown]) -> None:
        """Take away what follows these messages, and show them as they are now."""
        async with self._change():
            self._messages = list(shown)
            window = range(
                min(self._window.start, len(shown)), min(self._window.stop, len(shown))
            )
            await self._mount_window(window or self._last_window)
            mounted = self._messages[self._window.start : self._window.stop]
            for view, each in zip(self.views, mounted, strict=True):
                if view.shown != each:
                    view.show(each)

    async def set_left_out(self, count: int) -> None:
        """So many messages, the oldest, are no longer read."""
        async with self._change():
            self._left_out = count
            await self._place_lines()

    def tint(self, tints: Mapping[str, Tints], styles: Sequence[Style] = ()) -> None:
        """Colour messages token by token, by their ids; `styles` are of the levels."""
        if tints or self._tints:
            self._tints, self._tint_styles = tints, styles
            for view in self.views:
                view.tint(tints.get(view.shown.message.id), styles)

    def mark(self, words: str) -> None:
        """Have some words stand out in all messages; none any more when empty."""
        self._words = words
        for view in self.views:
            view.mark(words)

    async def reveal(self, message: str, nth: int = 0) -> None:
        """Go to a message, and to one of the words in it that stand out; focus it."""
        ids = [shown.message.id for shown in self._messages]
        if message in ids:
            view = await self._reach(ids.index(message))
            self.release_anchor()
            view.focus()

            def bring_into_sight() -> None:
                if not self.follows:
                    view.reveal(nth)

            self.call_after_refresh(bring_into_sight)

    async def step_from(
        self, view: MessageView | None, step: int, *, questions: bool = False
    ) -> bool:
        """Focus the message, or question, above or below; whether there is one."""
        views = self.views
        if view is not None and view in views:
            place = self._window.start + views.index(view) + step
        else:
            place = len(self._messages) - 1
        places = range(len(self._messages))
        while questions and place in places and not self._messages[place].asked:
            place += step
        if place not in places:
            return False
        # The screen would scroll it to the middle, before this or after it.
        view = (await self._reach(place)).focus(scroll_visible=False)
        view.scroll_visible(animate=False, immediate=True)
        return True

    async def go_to(self, *, end: bool) -> None:
        """Go to the end of the conversation and follow it, or to its beginning."""
        if end:
            if self._beyond_end:
                async with self._change():
                    await self._mount_window(self._last_window)
            self.anchor()
            return
        self.release_anchor()
        if self._window.start:
            async with self._change():
                await self._mount_window(range(min(WINDOW, len(self._messages))))
        # At once: after a refresh it would undo what is asked for next.
        self.scroll_home(animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """More messages when the reader comes to an end of the mounted ones."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())
        # What follows the end is moved by layouts, not by the reader.
        if new_value != old_value and not self.follows:
            self.more(-1 if new_value < old_value else 1)

    def watch_virtual_size(self, size: Size) -> None:
        """There is more, or less, to be seen."""
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        self.post_message(self.Moved())

    def more(self, step: int) -> None:
        """More messages above or below, if the reader is at that end already."""
        if self._growing:
            return
        above = step < 0 and self.scroll_y <= 2 and self._window.start > 0
        below = step > 0 and self.scroll_y >= self.max_scroll_y - 2 and self._beyond_end
        if above or below:
            self._growing = True
            self.run_worker(self._grow(step))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        self.more(-1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        self.more(1)

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        """One change at a time; one that the end of the program overtakes is over."""
        async with self._changing:
            try:
                yield
            except Exception as error:
                if self.is_attached and self.app.return_code is None:
                    raise
                raise asyncio.CancelledError from error

    @property
    def _last_window(self) -> range:
        count = len(self._messages)
        return range(max(0, count - WINDOW), count)

    @property
    def _beyond_end(self) -> bool:
        return self._window.stop < len(self._messages)

    def _view(self, shown: Shown) -> MessageView:
        view = MessageView(shown)
        if tints := self._tints.get(shown.message.id):
            view.call_after_refresh(view.tint, tints, self._tint_styles)
        if self._words:
            view.call_after_refresh(view.mark, self._words)
        return view

    async def _reach(self, place: int) -> MessageView:
        """The view of a message, mounted if it was not."""
        async with self._change():
            if place not in self._window:
                first = max(0, place - ABOVE)
                self.release_anchor()
                await self._mount_window(
                    range(first, min(first + WINDOW, len(self._messages)))
                )
            return self.views[place - self._window.start]

    async def _grow(self, step: int) -> None:
        """Mount more at one end, take some away at the other, and keep the place."""
        try:
            async with self._change():
                start, stop = self._window.start, self._window.stop
                views = dict(zip(self._window, self.views, strict=True))
                if step < 0:
                    kept, start = views[start], max(0, start - STEP)
                    light = range(start, min(stop, start + MOST))
                else:
                    kept, stop = views[stop - 1], min(len(self._messages), stop + STEP)
                    light = range(max(start, stop - MOST), stop)
                window = range(start, stop)
                # Removing what has the focus would move it, and the page with it.
                if not any(v.has_focus for n, v in views.items() if n not in light):
                    window = light
                before = kept.virtual_region.y
                await self._mount_window(window)

            def keep_place() -> None:
                # Whoever went to the end meanwhile stays there.
                if kept.is_attached and not self.follows:
                    moved = kept.virtual_region.y - before
                    self.scroll_to(y=self.scroll_y + moved, animate=False)

            self.call_after_refresh(keep_place)
        finally:
            self._growing = False

    async def _mount_window(self, window: range) -> None:
        """Mount the messages with these indices, and no others."""
        old = self._window
        if not set(old) & set(window):
            old = range(window.start, window.start)
        views = dict(zip(self._window, self.views, strict=True))
        gone = [view for n, view in views.items() if n not in window or not old]
        above = self._messages[window.start : old.start]
        below = self._messages[max(old.stop, window.start) : window.stop]
        self._window = window
        self._welcome.display = not self._messages
        with self.app.batch_update():
            if gone:
                await self.remove_children(gone)
            await self.mount_all(map(self._view, above), after=self._earlier)
            await self.mount_all(map(self._view, below), before=self._later)
            await self._place_lines()
        if above or below:
            self.post_message(self.Mounted())
        self.post_message(self.Moved())

    async def _place_lines(self) -> None:
        earlier, later = self._window.start, len(self._messages) - self._window.stop
        self._earlier.show("↑", "earlier", earlier)
        self._later.show("↓", "later", later)
        await self.query(ContextLine).remove()
        if self._left_out and self._left_out in self._window:
            view = self.views[self._left_out - self._window.start]
            await self.mount(ContextLine(), before=view)
