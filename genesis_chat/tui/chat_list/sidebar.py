"""The list of conversations, with a search over all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from ...history import Conversation, Hit
from ..bindings import bindings
from ..widgets.fields import Line
from ..widgets.shown import day, line, marked

LONGEST = 50


class ConversationList(OptionList):
    """Conversations by day, or what a search found."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("list")

    def action_ask(self, what: str) -> None:
        if self.highlighted is not None:
            option = self.get_option_at_index(self.highlighted)
            id = (option.id or "").partition(":")[0]
            self.post_message(Sidebar.Asked(id, what))


class Sidebar(Vertical):
    """Search above, conversations below.

    While one searches the arrows go through what was found, Enter opens it and Escape
    leaves the search.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go('down')", "Next", show=False),
        Binding("up", "go('up')", "Previous", show=False),
        Binding("escape", "leave", "Leave the search", show=False),
    ]

    class Opened(Message):
        """A conversation is to be shown; at a message, if a search found one."""

        def __init__(self, conversation: str, message: str) -> None:
            self.conversation, self.message = conversation, message
            super().__init__()

    class Asked(Message):
        """Something is to be done with a conversation."""

        def __init__(self, conversation: str, what: str) -> None:
            self.conversation, self.what = conversation, what
            super().__init__()

    class Searched(Message):
        """The words in the search have changed."""

        def __init__(self, words: str) -> None:
            self.words = words
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        # The words that the list shows the finds of, and whether the first one is
        # to be opened as soon as it does.
        self._found_for = ""
        self._hasty = False

    def compose(self) -> ComposeResult:
        yield Line(placeholder="Search (Ctrl+F)", id="search", compact=True)
        yield ConversationList(id="conversations", markup=False, compact=True)

    @property
    def words(self) -> str:
        """What is searched for."""
        return self.query_one(Input).value.strip()

    def action_go(self, way: str) -> None:
        listed = self.query_one(ConversationList)
        if not self.words:
            listed.focus()
        elif way == "down":
            listed.action_cursor_down()
        else:
            listed.action_cursor_up()

    def action_leave(self) -> None:
        if not self.words:
            raise SkipAction
        self.query_one(Input).value = ""

    def list(self, conversations: Sequence[Conversation], current: str | None) -> None:
        """Show conversations, pinned ones first, then by the day they changed."""
        today, group = datetime.now(), ""
        options: list[Option] = []
        for each in sorted(conversations, key=_order):
            name = "Pinned" if each.pinned else day(each.updated, today)
            if name != group:
                options.append(_group(name))
                group = name
            options.append(Option(_short(line(each.title or "New chat")), each.id))
        if not options:
            options.append(_group("No chats yet"))
        if self.query_one(ConversationList).has_focus and not self._found_for:
            # Somebody is choosing.
            current = self._highlighted or current
        self._found_for = ""
        self._fill(options, current)

    def list_found(
        self, words: str, titles: Sequence[Conversation], hits: Sequence[Hit]
    ) -> None:
        """Show what a search found: titles, then messages with the text around."""
        options: list[Option] = []
        if titles:
            options.append(_group("Titles"))
        options += [Option(_short(marked(c.title, words)), f"{c.id}:") for c in titles]
        if hits:
            options.append(_group("Messages"))
        for hit in hits:
            title = _short(line(hit.conversation.title or "New chat"))
            prompt = Content("\n").join([title, marked(hit.snippet, words)])
            options.append(Option(prompt, f"{hit.conversation.id}:{hit.message.id}"))
        if not options:
            options.append(_group("Nothing found"))
        chosen = self._highlighted if self._found_for == words else None
        self._fill(options, chosen)
        self._found_for = words
        if self._highlighted is None:
            self.query_one(ConversationList).action_first()
        if self._hasty:
            self._open_highlighted()

    def select(self, conversation: str | None) -> None:
        """Highlight a conversation."""
        listed = self.query_one(ConversationList)
        listed.highlighted = next(
            (n for n, o in enumerate(listed.options) if o.id == conversation), None
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._hasty = False
        self.post_message(self.Searched(event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.words and self._found_for != self.words:
            self._hasty = True
        elif self.words:
            self._open_highlighted()
        else:
            self.query_one(ConversationList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        conversation, _, message = (event.option_id or "").partition(":")
        self.post_message(self.Opened(conversation, message))

    @property
    def _highlighted(self) -> str | None:
        listed = self.query_one(ConversationList)
        if listed.highlighted is None:
            return None
        return listed.get_option_at_index(listed.highlighted).id

    def _open_highlighted(self) -> None:
        self._hasty = False
        self.query_one(ConversationList).action_select()

    def _fill(self, options: Sequence[Option], current: str | None) -> None:
        listed = self.query_one(ConversationList)
        listed.clear_options()
        listed.add_options(options)
        self.select(current)


def _order(conversation: Conversation) -> tuple[bool, int]:
    """Pinned ones first, then by day; within a day as they come."""
    if conversation.pinned:
        return False, 0
    then = datetime.fromtimestamp(conversation.updated / 1000)
    return True, -then.toordinal()


def _short(title: Content) -> Content:
    """As much of a title as two rows have."""
    return title.truncate(LONGEST, ellipsis=True)


def _group(name: str) -> Option:
    return Option(Content(name).stylize("$text-muted bold"), disabled=True)
