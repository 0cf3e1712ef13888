"""One message of a conversation."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, DescendantBlur, DescendantFocus, Focus
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widgets import Static

from ...history.thoughts import measured, summary
from ..bindings import bindings
from .activity import Activity
from .body import ReplyBody
from .code import Fence
from .foot import Foot
from .menu_request import MenuWanted, wants_menu
from .shown import beginning, clock, code_blocks, plain, size
from .shown_message import Shown, What
from .thought import ThoughtView
from .tints import Tinted, Tints

# So much of a person's message is shown at first: to lay out a book takes seconds.
ROWS, MORE = 120, 10
STOP = "Esc stop"


class MessageView(Vertical):
    """A message; it says what a person wants done with it."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = bindings("message")
    details = reactive(False)

    class Asked(Message):
        """Something is to be done with a message."""

        def __init__(self, view: "MessageView", what: What, code: str = "") -> None:
            # The block of code that is meant, where it is one of several.
            self.view, self.what, self.code = view, what, code
            super().__init__()

    class Go(Message):
        """The message above or below is wanted, or the person's next one there."""

        def __init__(self, view: "MessageView", step: int, questions: bool) -> None:
            self.view, self.step, self.questions = view, step, questions
            super().__init__()

    def __init__(self, shown: Shown) -> None:
        super().__init__(classes=shown.message.role)
        self.shown = shown
        # What is shown of the text, which may be ahead of `shown`.
        self.text = shown.message.content
        self.pending: list[str] = []
        self._foot = Foot()
        self._state = Activity(classes="state")
        self._rows = ROWS
        self._body: ReplyBody | Static = (
            Static(self._beginning(), classes="body", markup=False)
            if shown.message.role == "user"
            else ReplyBody(shown.message.content)
        )
        self._tinted = Tinted(self._body)
        self.thought: ThoughtView | None = None
        # Seconds and tokens of a thought that is not kept whole yet.
        self._measured: tuple[float | None, int] = (None, 0)
        # Whether the thought is to be open, None before anybody said so.
        self._opened: bool | None = None
        if shown.message.thought:
            self.thought = ThoughtView(shown.message.thought, opened=self._thinking)

    def compose(self) -> ComposeResult:
        if self.shown.message.role == "user":
            yield Static(clock(self.shown.message.created), classes="time")
        if self.thought:
            yield self.thought
        yield self._body
        yield self._state
        yield self._foot

    def on_mount(self) -> None:
        self._refresh_lines()

    def show(self, shown: Shown) -> None:
        """Another state of the same message, its text apart."""
        self.shown = shown
        self._refresh_lines()

    def say(self, text: str) -> None:
        """One line under the text; none when empty."""
        self._state.say(text)

    def wait(self, text: str, since: float | None, stops: bool) -> None:
        """What the reply waits for, since when, and whether Esc stops it."""
        self._state.wait(text, STOP if stops else "", since)

    def stops(self, on: bool) -> None:
        """Say, where it waits, that Esc stops it, or no more."""
        self._state.hint(STOP if on else "")

    def feed(self, text: str) -> None:
        """More text of a reply that is being written; shown with the next `flush`."""
        self.text += text
        self.pending.append(text)

    def think(self, text: str, seconds: float, tokens: int) -> None:
        """More of what is thought before the reply, otherwise as `feed`.

        So far it took so many seconds and tokens.
        """
        self._measured = seconds, tokens
        if self.thought is None:
            self.thought = ThoughtView("", opened=self._thinking)
        self.thought.feed(text)

    @property
    def thought_text(self) -> str:
        """What has come of the thought."""
        return self.thought.text if self.thought else ""

    @property
    def waiting(self) -> bool:
        """Whether something was fed and is not shown yet."""
        return bool(self.pending or (self.thought and self.thought.pending))

    async def flush(self) -> None:
        """Show what was fed."""
        if self.thought:
            await self._place(self.thought)
            await self.thought.flush()
            await self._fold_thought()
        if self.pending and isinstance(self._body, ReplyBody):
            text = "".join(self.pending)
            self.pending.clear()
            await self._body.feed(text)
            self._tinted.draw_again()

    async def settle(self, shown: Shown) -> None:
        """Show the message as it is kept, now that it is whole."""
        self.pending.clear()
        self.text = shown.message.content
        self.show(shown)
        if self.thought:
            await self._place(self.thought)
            await self.thought.settle(shown.message.thought)
            await self._fold_thought()
        if isinstance(self._body, ReplyBody):
            await self._body.settle(shown.message.content)
            self._tinted.draw_again()

    def watch_details(self) -> None:
        self._refresh_lines()
        self.call_after_refresh(self._tinted.draw_again)

    def tint(self, tints: Tints | None, styles: Sequence[Style]) -> None:
        """Colour the text token by token, or no longer; `styles` are of the levels."""
        self._tinted.tint(tints, styles)

    def mark(self, words: str) -> None:
        """Have some words stand out; none any more when empty."""
        self._tinted.mark(words)

    def reveal(self, nth: int = 0) -> None:
        """Come into sight, with one of the words that stand out, counted from 0."""
        self.scroll_visible(animate=False, top=True)
        while self._tinted.misses(self.text) and self.check_action("show_more", ()):
            self.action_show_more()
        self.call_after_refresh(self._tinted.reveal, nth)

    def action_show_more(self) -> None:
        self._rows *= MORE
        if isinstance(self._body, Static):
            self._body.update(self._beginning())
            self._tinted.draw_again()

    async def action_fold_thought(self) -> None:
        """Open the thought, or fold it; from now on it stays so."""
        if self.thought:
            await self._place(self.thought)
            self._opened = not self.thought.opened
            await self._fold_thought()

    @on(ThoughtView.Clicked)
    async def thought_clicked(self, event: ThoughtView.Clicked) -> None:
        event.stop()
        await self.action_fold_thought()

    def action_go(self, step: int, questions: bool = False) -> None:
        self.post_message(self.Go(self, step, questions))

    @on(Fence.Copied)
    def fence_copied(self, event: Fence.Copied) -> None:
        event.stop()
        self.post_message(self.Asked(self, "copy_code", event.code))

    def action_ask(self, what: What) -> None:
        self.post_message(self.Asked(self, what))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the keys that do nothing here."""
        message = self.shown.message
        if action == "fold_thought":
            return self.thought is not None
        if action == "show_more":
            return beginning(self.text, self._rows)[1] > 0
        match parameters:
            case ("copy_code",):
                return bool(code_blocks(self.text))
            case ("edit",):
                return message.role == "user"
            case ("resume",):
                return message.status in ("interrupted", "failed") or self.shown.cut
            case ("previous" | "next" as way,):
                place, places = self.shown.place, self.shown.places
                # At either end of several the key does nothing, but is no text.
                nothing = None if places > 1 else False
                return (place > 1 if way == "previous" else place < places) or nothing
        return True

    def on_focus(self, event: Focus) -> None:
        self.details = True

    def on_blur(self) -> None:
        self.details = False

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self.details = True

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self.details = False

    def on_click(self, event: Click) -> None:
        self.focus(scroll_visible=False)
        if wants_menu(event):
            event.stop()
            self.post_message(MenuWanted(event.screen_offset))

    def action_menu(self) -> None:
        shown = self.screen.find_widget(self).visible_region
        below = 1 + self.styles.padding.top
        self.post_message(MenuWanted(shown.offset + Offset(2, below)))

    @on(MenuWanted)
    def menu_wanted(self, event: MenuWanted) -> None:
        self.focus(scroll_visible=False)
        event.targets.append(("message", self))

    @on(Foot.Version)
    def version_wanted(self, event: Foot.Version) -> None:
        event.stop()
        self.action_ask("previous" if event.step < 0 else "next")

    @property
    def _thinking(self) -> bool:
        """Whether what comes of the reply is still its thought."""
        return self.shown.message.status == "writing" and not self.text

    async def _place(self, thought: ThoughtView) -> None:
        if not thought.is_attached:
            await self.mount(thought, before=self._body)

    async def _fold_thought(self) -> None:
        """Fold the thought once the reply begins, unless told otherwise."""
        if self.thought:
            opened = self._thinking if self._opened is None else self._opened
            if opened != self.thought.opened:
                await self.thought.fold(opened=opened)
            self.thought.say(self._thought_label())

    def _thought_label(self) -> str:
        message = self.shown.message
        if self._thinking:
            return "Thinking…"
        if message.receipt and message.receipt.thought_tokens:
            return summary(message)
        return measured(*self._measured)

    def _beginning(self) -> Content:
        """The text, or as many rows of it as are shown, with what is left."""
        shown, left = beginning(self.text, self._rows)
        if not left:
            return plain(shown)
        what = f"\n… {size(left)} more · Space to expand"
        return plain(shown) + Content.styled(what, "$text-muted")

    def _refresh_lines(self) -> None:
        shown = self.shown
        self._foot.show(shown, details=self.details)
        if self.thought:
            self.thought.say(self._thought_label())
        self._state.set_class(shown.wrong, "-error")
        self.say(shown.state)
