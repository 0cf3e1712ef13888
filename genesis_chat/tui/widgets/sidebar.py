"""The list of conversations, with a search over all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from ...history import Conversation, Hit
from ..shown import day, line, marked


class ConversationList(OptionList):
    """Conversations by day, or what a search found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("r,f2", "ask('rename')", "Rename"),
        Binding("p", "ask('pin')", "Pin"),
        Binding("d,delete", "ask('delete')", "Trash"),
        Binding("x", "ask('export')", "Export"),
    ]

    def action_ask(self, what: str) -> None:
        if self.highlighted is not None:
            option = self.get_option_at_index(self.highlighted)
            id = (option.id or "").partition(":")[0]
            self.post_message(Sidebar.Asked(id, what))


class Sidebar(Vertical):
    """Search above, conversations below."""

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

    def compose(self) -> ComposeResult:
        yield Input(placeholder="Search (Ctrl+F)", id="search", compact=True)
        yield ConversationList(id="conversations", markup=False, compact=True)

    @property
    def words(self) -> str:
        """What is searched for."""
        return self.query_one(Input).value.strip()

    def list(self, conversations: Sequence[Conversation], current: str | None) -> None:
        """Show conversations, pinned ones first, then by the day they changed."""
        today, group = datetime.now(), ""
        options: list[Option] = []
        ordered = sorted(conversations, key=lambda c: not c.pinned)
        for each in ordered:
            name = "Pinned" if each.pinned else day(each.updated, today)
            if name != group:
                options.append(_group(name))
                group = name
            options.append(Option(line(each.title or "New chat"), each.id))
        if not options:
            options.append(_group("No chats yet"))
        self._fill(options, current)

    def list_found(
        self, words: str, titles: Sequence[Conversation], hits: Sequence[Hit]
    ) -> None:
        """Show what a search found: titles, then messages with the text around."""
        options: list[Option] = []
        if titles:
            options.append(_group("Titles"))
        options += [Option(marked(c.title, words), f"{c.id}:") for c in titles]
        if hits:
            options.append(_group("Messages"))
        for hit in hits:
            title = line(hit.conversation.title or "New chat")
            prompt = Content("\n").join([title, marked(hit.snippet, words)])
            options.append(Option(prompt, f"{hit.conversation.id}:{hit.message.id}"))
        if not options:
            options.append(_group("Nothing found"))
        self._fill(options, None)

    def select(self, conversation: str | None) -> None:
        """Highlight a conversation."""
        listed = self.query_one(ConversationList)
        listed.highlighted = next(
            (n for n, o in enumerate(listed.options) if o.id == conversation), None
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Searched(event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        listed = self.query_one(ConversationList)
        first = next((n for n, o in enumerate(listed.options) if not o.disabled), None)
        if first is not None:
            listed.highlighted = first
            listed.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        conversation, _, message = (event.option_id or "").partition(":")
        self.post_message(self.Opened(conversation, message))

    def _fill(self, options: Sequence[Option], current: str | None) -> None:
        listed = self.query_one(ConversationList)
        listed.clear_options()
        listed.add_options(options)
        self.select(current)


def _group(name: str) -> Option:
    return Option(Content(name).stylize("$text-muted bold"), disabled=True)
