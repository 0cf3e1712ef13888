"""One message of a conversation."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, DescendantBlur, DescendantFocus, Focus
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ...engine import ModelFacts, measured_speed, writer
from ...history import StoredMessage
from ..shown import beginning, clock, code_blocks, line, plain, size
from .body import ReplyBody

# So much of a message that a person wrote is shown at first; laying out a pasted book
# takes seconds.
ROWS, MORE = 120, 10
What = Literal[
    "copy",
    "copy_code",
    "edit",
    "regenerate",
    "resume",
    "branch",
    "delete",
    "previous",
    "next",
]


@dataclass(frozen=True)
class Shown:
    """A message with its place among its alternatives, counted from 1.

    `unanswered` is a question that no reply came to, and none is coming.
    """

    message: StoredMessage
    place: int = 1
    places: int = 1
    unanswered: bool = False


class MessageView(Vertical):
    """A message; it says what a person wants done with it."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", "Message above", show=False),
        Binding("down,j", "go(1)", "Message below", show=False),
        Binding("c", "ask('copy')", "Copy", id="message.copy"),
        Binding("b", "ask('copy_code')", "Copy code", id="message.copy_code"),
        Binding("e", "ask('edit')", "Edit", id="message.edit"),
        Binding("r", "ask('regenerate')", "Regenerate", id="message.regenerate"),
        Binding("enter,o", "ask('resume')", "Continue", id="message.resume"),
        Binding("f", "ask('branch')", "Branch into new chat", id="message.branch"),
        Binding("d,delete", "ask('delete')", "Delete", id="message.delete"),
        Binding("space", "show_more", "Show more of a long message"),
        Binding("left,h", "ask('previous')", "Previous version", show=False),
        Binding("right,l", "ask('next')", "Next version", show=False),
    ]
    details = reactive(False)
    remaining: reactive[float | None] = reactive(None)

    class Asked(Message):
        """Something is to be done with a message."""

        def __init__(self, view: "MessageView", what: What) -> None:
            self.view, self.what = view, what
            super().__init__()

    class Go(Message):
        """The message above or below is wanted."""

        def __init__(self, view: "MessageView", step: int) -> None:
            self.view, self.step = view, step
            super().__init__()

    def __init__(self, shown: Shown) -> None:
        super().__init__(classes=shown.message.role)
        self.shown = shown
        # What is shown of the text, which may be ahead of `shown`.
        self.text = shown.message.content
        self.pending: list[str] = []
        self._head = Static(classes="head", markup=False)
        self._foot = Static(classes="foot", markup=False)
        self._rows = ROWS
        self._body: ReplyBody | Static = (
            Static(self._beginning(), classes="body", markup=False)
            if shown.message.role == "user"
            else ReplyBody(shown.message.content)
        )

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._body
        yield self._foot

    def on_mount(self) -> None:
        self._refresh_lines()

    def show(self, shown: Shown) -> None:
        """Another state of the same message, its text apart."""
        self.shown = shown
        self._refresh_lines()

    def say(self, text: str) -> None:
        """One line under the text; none when empty."""
        self._foot.update(line(text))
        self._foot.display = bool(text)

    def feed(self, text: str) -> None:
        """More text of a reply that is being written; shown with the next `flush`."""
        self.text += text
        self.pending.append(text)

    async def flush(self) -> None:
        """Show what was fed."""
        if self.pending and isinstance(self._body, ReplyBody):
            text = "".join(self.pending)
            self.pending.clear()
            await self._body.feed(text)

    async def settle(self, shown: Shown) -> None:
        """Show the message as it is kept, now that it is whole."""
        self.pending.clear()
        self.text = shown.message.content
        self.show(shown)
        if isinstance(self._body, ReplyBody):
            await self._body.settle(shown.message.content)

    def watch_details(self) -> None:
        self._refresh_lines()

    def watch_remaining(self, remaining: float | None) -> None:
        """Dim what the forgetting layers can hardly see any more."""
        for dimmed in range(5):
            self.set_class(
                remaining is not None and 4 - min(4, int(remaining * 5)) == dimmed,
                f"-seen-{dimmed}",
            )
        self._refresh_lines()

    def action_show_more(self) -> None:
        self._rows *= MORE
        if isinstance(self._body, Static):
            self._body.update(self._beginning())

    def action_go(self, step: int) -> None:
        self.post_message(self.Go(self, step))

    def action_ask(self, what: What) -> None:
        self.post_message(self.Asked(self, what))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the keys that do nothing here."""
        message = self.shown.message
        if action == "show_more":
            return beginning(self.text, self._rows)[1] > 0
        match parameters:
            case ("copy_code",):
                return bool(code_blocks(self.text))
            case ("edit",):
                return message.role == "user"
            case ("resume",):
                return message.status in ("interrupted", "failed") or self._cut
            case ("previous" | "next",):
                return self.shown.places > 1
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

    @property
    def _cut(self) -> bool:
        receipt = self.shown.message.receipt
        return bool(receipt and receipt.finish_reason in ("length", "context"))

    def _beginning(self) -> Content:
        """The text, or as many rows of it as are shown, with what is left."""
        shown, left = beginning(self.text, self._rows)
        if not left:
            return plain(shown)
        what = f"\n... and {size(left)} more: Space shows more of it."
        return plain(shown) + Content.styled(what, "$text-muted italic")

    def _refresh_lines(self) -> None:
        message = self.shown.message
        name = "You" if message.role == "user" else self._writer()
        parts: list[Content | tuple[str, str]] = [(name, "bold")]
        if self.shown.places > 1:
            parts.append((f"  < {self.shown.place}/{self.shown.places} >", "$accent"))
        if self.remaining is not None:
            parts.append((f"  seen {self.remaining:.0%}", "dim"))
        if self.details:
            parts.append((f"  {self._detail()}", "dim"))
        self._head.update(Content.assemble(*parts))
        self.say(self._state())

    def _writer(self) -> str:
        receipt = self.shown.message.receipt
        loaded: ModelFacts | None = getattr(self.app, "model", None)
        return line(writer(receipt.model if receipt else None, loaded)).plain

    def _detail(self) -> str:
        message = self.shown.message
        parts = [clock(message.created)]
        if receipt := message.receipt:
            parts.append(line(receipt.model).plain)
            if receipt.reply_tokens:
                parts.append(f"{receipt.reply_tokens} tokens")
            speed = measured_speed(receipt.reply_tokens, receipt.tokens_per_second)
            if speed:
                parts.append(f"{speed:.0f} tokens/s")
        return " · ".join(parts)

    def _state(self) -> str:
        message = self.shown.message
        match message.status:
            case "interrupted":
                return "Stopped here. Press Enter on this message to continue it."
            case "failed":
                return "This reply failed. R lets it be written anew."
            case "damaged":
                return "This text is not what was stored."
        if self.shown.unanswered:
            return "No reply came. R lets one be written."
        if self._cut and message.receipt:
            why = message.receipt.finish_reason
            limit = "its token limit" if why == "length" else "the context's end"
            return f"Ended by {limit}. Press Enter on this message to continue it."
        return ""
