"""The list of conversations, with a search over all of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Input
from textual.widgets.option_list import Option

from ...history import Conversation, Hit, Store
from ..bindings import bindings
from ..services.history import History
from ..widgets.asking import Asking
from ..widgets.choices import Choices
from ..widgets.fields import Line
from ..widgets.menu_request import MenuWanted, wants_menu
from .messages import Changed, Opened
from .organizer import Organizer, What
from .rows import chat_row, chats, found

SEARCH, SEARCH_LIMIT = "Search               Ctrl+F", 50


class Asked(Message):
    """Something is to be done with a conversation."""

    def __init__(self, conversation: str, what: What) -> None:
        self.conversation, self.what = conversation, what
        super().__init__()


class ConversationList(Choices):
    """Conversations by day, or what a search found."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("list")

    def __init__(self, choose: Callable[[str], object]) -> None:
        super().__init__(id="conversations", markup=False, compact=True)
        self._choose = choose

    def action_select(self) -> None:
        """Choose what is highlighted."""
        option = self.highlighted_option
        if option and option.id and not option.disabled:
            self._choose(option.id)

    def action_ask(self, what: What) -> None:
        if self.highlighted is not None:
            option = self.get_option_at_index(self.highlighted)
            id = (option.id or "").partition(":")[0]
            self.post_message(Asked(id, what))

    def on_click(self, event: Click) -> None:
        if not wants_menu(event):
            return
        event.stop()
        place: int | None = event.style.meta.get("option")
        if place is not None and not self.get_option_at_index(place).disabled:
            self.highlighted = place
            self.post_message(MenuWanted(event.screen_offset))

    def action_menu(self) -> None:
        if self.highlighted is not None:
            row = self._index_to_line[self.highlighted] - self.scroll_offset.y + 1
            self.post_message(MenuWanted(self.region.offset + Offset(2, row)))

    def on_menu_wanted(self, event: MenuWanted) -> None:
        event.targets.append(("list", self))


class ChatList(Vertical):
    """Search above, conversations below.

    While one searches the arrows go through what was found, Enter opens it and Escape
    leaves the search.

    Args:
        history: where they are kept.
        is_busy: whether a reply is being written in one.
        set_aside: takes away what is being written in the chat that is left.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go('down')", "Next", show=False),
        Binding("up", "go('up')", "Previous", show=False),
        Binding("escape", "leave", "Close search", show=False),
    ]

    def __init__(
        self,
        history: History,
        is_busy: Callable[[str], bool],
        set_aside: Callable[[], object],
    ) -> None:
        super().__init__()
        self._set_aside = set_aside
        self._ask = Asking(self, history)
        self._conversations: Sequence[Conversation] = ()
        self.organizer = Organizer(self, self._ask, is_busy)
        # The words that the list shows the finds of, and whether the first one is
        # to be opened as soon as it does.
        self._found_for = ""
        self._hasty = False
        # They may be asked and told something while the program ends.
        self._search = Line(placeholder=SEARCH, id="search", compact=True)
        self._listed = ConversationList(self._open)
        # The conversation that is open.
        self.current = ""

    def compose(self) -> ComposeResult:
        yield self._search
        yield self._listed

    def on_mount(self) -> None:
        self._listed.goes_with(self._search)

    @property
    def words(self) -> str:
        """What is searched for."""
        return self._search.value.strip()

    def action_go(self, way: str) -> None:
        listed = self._listed
        if not self.words:
            listed.focus()
        elif way == "down":
            listed.action_cursor_down()
        else:
            listed.action_cursor_up()

    def action_leave(self) -> None:
        if not self.words:
            raise SkipAction
        self._search.value = ""

    def search(self, words: str = "") -> None:
        """Go to the search, with words in it if there are any."""
        # At once, so that the next key is in the search already.
        self.screen.set_focus(self._search)
        if words:
            self._search.value = words

    @work(exclusive=True, group="list")
    async def reload(self, current: str | None = None) -> None:
        """Read the list anew, or what is searched for in it."""
        words = self.words
        if words.strip('" '):

            def search(store: Store) -> tuple[list[Conversation], list[Hit]]:
                return store.titled(words), store.search(
                    words, limit=SEARCH_LIMIT, prefix=True
                )

            found = await self._ask(search)
            if found is not None and self.words == words:
                self.list_found(words, *found)
            return
        listed = await self._ask(lambda store: store.conversations())
        if listed is not None:
            self.list(listed, self.current if current is None else current)

    def update(self, conversation: Conversation) -> None:
        """A conversation has begun or changed; the history is not asked for it."""
        others = [c for c in self._conversations if c.id != conversation.id]
        self._conversations = [conversation, *others]
        if not self.words:
            self.list(self._conversations, self.current)

    def list(self, conversations: Sequence[Conversation], current: str) -> None:
        """Show conversations, pinned ones first, then by the day they changed."""
        self._conversations = conversations
        shown: str | None = current
        options = list(chats(conversations, current, datetime.now()))
        if self._listed.has_focus and not self._found_for:
            # Somebody is choosing.
            shown = self._highlighted or shown
        self._found_for = ""
        self._fill(options, shown)

    def list_found(
        self, words: str, titles: Sequence[Conversation], hits: Sequence[Hit]
    ) -> None:
        """Show what a search found: titles, then messages with the text around."""
        options = list(found(words, titles, hits, datetime.now()))
        chosen = self._highlighted if self._found_for == words else None
        self._fill(options, chosen)
        self._found_for = words
        if self._highlighted is None:
            self._listed.action_first()
        if self._hasty:
            self._open_highlighted()

    def open(self, conversation: str) -> None:
        """The conversation that is open now; empty for a new one."""
        before, self.current = self.current, conversation
        listed, today = self._listed, datetime.now()
        there = {option.id for option in listed.options}
        for each in self._conversations:
            # The bar stands before the one that is open.
            if each.id in there and each.id in (before, conversation):
                row = chat_row(each, current=each.id == conversation, today=today)
                listed.replace_option_prompt(each.id, row)
        self.select(conversation)

    def select(self, conversation: str | None) -> None:
        """Highlight a conversation."""
        listed = self._listed
        listed.highlighted = next(
            (n for n, o in enumerate(listed.options) if o.id == conversation), None
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._hasty = False
        self.reload()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.words and self._found_for != self.words:
            self._hasty = True
        elif self.words:
            self._open_highlighted()
        else:
            self._listed.focus()

    @on(Changed)
    def changed(self, event: Changed) -> None:
        event.stop()
        self.reload()

    @on(Asked)
    async def asked(self, event: Asked) -> None:
        event.stop()
        await self.organizer.do(event.what, event.conversation)

    @property
    def _highlighted(self) -> str | None:
        listed = self._listed
        if listed.highlighted is None:
            return None
        return listed.get_option_at_index(listed.highlighted).id

    def _open(self, row: str) -> None:
        """Have a row's conversation shown.

        Straight, as what is typed right behind it is written and sent in that one.
        """
        conversation, _, message = row.partition(":")
        words = self.words if message else ""
        self._set_aside()
        self.screen.post_message(Opened(conversation, message, words, aside=True))

    def _open_highlighted(self) -> None:
        self._hasty = False
        self._listed.action_select()

    def _fill(self, options: Sequence[Option], current: str | None) -> None:
        listed = self._listed
        listed.clear_options()
        listed.add_options(options)
        self.select(current)
