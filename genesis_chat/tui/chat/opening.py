"""Choosing which conversation is shown."""

import asyncio

from textual import on, work

from ...history import Conversation, Hit, Store, StoredMessage
from ..chat_list.sidebar import Sidebar
from ..messages import ContextKnown
from ..services.turns import UNSENT
from ..widgets.composer import Composer
from .base import Base, changed_settings, shown

SEARCH_LIMIT = 50
DRAFT_SECONDS = 0.5


class Opening(Base):
    """Opens conversations, lists them and searches in them."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]  # as in Base
        self._opening = asyncio.Lock()

    async def open(self, conversation: str | None, message: str = "") -> None:
        """Show a conversation, or a new one; at a message if one is given."""
        async with self._opening:
            before = ""
            if self.shown_once:
                # What is typed from here on, or since the command for it was sent, is
                # for the one that is opened.
                if not self.composer.on_its_way:
                    before = self.composer.draft
                    self.composer.write("")
                await self._keep_draft(before)
            else:
                await self._keep_unsent(conversation or "")
            if not await self._open(conversation, message):
                self.composer.write(joined(before, self.composer.draft))

    async def _open(self, conversation: str | None, message: str) -> bool:
        found: Conversation | None = None
        branch: list[StoredMessage] = []
        tree: list[StoredMessage] = []
        draft = ""
        if conversation:

            def read(store: Store) -> tuple[Conversation, list[StoredMessage], str]:
                return (
                    store.find(conversation),
                    store.messages(conversation),
                    store.draft(conversation),
                )

            answer = await self.ask(read)
            if answer is None:
                return False
            found, tree, draft = answer
            branch = _branch(tree, found.head)
            if message and all(m.id != message for m in branch):
                # A search found it in another branch.
                leaf = await self.ask(lambda s: s.latest_leaf(conversation, message))
                branch = _branch(tree, leaf)
        else:
            draft = await self.ask(lambda store: store.draft()) or ""
        self.conversation, self.branch, self.known = found, branch, tree
        self.left_behind()
        self.changed = changed_settings(found.settings) if found else {}
        if found and found.settings.get("seed") != self.changed.get("seed"):
            self.tell("This chat's seed was none, and is left out; F4 sets another.")
        self.system = found.system if found else self.start.system
        self.context = None
        self.status.context(None)
        self.show_title()
        replying = self.turns.busy and self.replying_in == conversation
        await self.transcript.show(
            shown(branch, tree, model=self.genesis.model, replying=replying)
        )
        self.reattach()
        # Something may have been typed meanwhile.
        self.composer.write(joined(draft, self.composer.draft))
        self.shown_once = True
        self.sidebar.select(conversation)
        if message:
            await self.transcript.reveal(message)
        else:
            self.composer.focus()
        self.turns.measure(self.turn())
        self.tidy_soon()
        return True

    @property
    def place(self) -> str:
        """Where the draft of the conversation that is shown is kept."""
        return self.conversation.id if self.conversation else ""

    async def keep_draft(self) -> None:
        """Keep what is being written with the conversation it belongs to."""
        # While another chat is opened it belongs to neither.
        async with self._opening:
            # None is left while the program ends, which has kept it before.
            for composer in self.query(Composer):
                await self._keep_draft(composer.draft)

    async def _keep_draft(self, text: str) -> None:
        place = self.place
        await self.ask(lambda store: store.set_draft(text, place))

    @work(exclusive=True, group="draft")
    async def keep_draft_soon(self) -> None:
        """Keep what is being written once the keys pause."""
        await asyncio.sleep(DRAFT_SECONDS)
        await self.keep_draft()

    @work(exclusive=True, group="list")
    async def list_conversations(self) -> None:
        """Show the list anew, or what is searched for in it."""
        words = self.sidebar.words
        if words.strip('" '):

            def search(store: Store) -> tuple[list[Conversation], list[Hit]]:
                return store.titled(words), store.search(
                    words, limit=SEARCH_LIMIT, prefix=True
                )

            found = await self.ask(search)
            if found is not None and self.sidebar.words == words:
                self.sidebar.list_found(words, *found)
            return
        listed = await self.ask(lambda store: store.conversations())
        if listed is not None:
            current = self.conversation.id if self.conversation else None
            self.sidebar.list(listed, current)

    async def load_questions(self) -> None:
        """What was asked before, for the composer to recall."""
        self.composer.set_questions(await self.ask(lambda s: s.questions()) or [])

    def show_title(self) -> None:
        """The conversation's title above it."""
        title = self.conversation.title if self.conversation else ""
        self.genesis.show_title(title or "New chat", private=self.start.private)

    async def _keep_unsent(self, place: str) -> None:
        """What was sent when the program was killed becomes a draft again."""

        def take(store: Store) -> None:
            if unsent := store.draft(UNSENT):
                text = joined(unsent, store.draft(place))
                store.set_drafts({UNSENT: "", place: text})

        await self.ask(take)

    def left_behind(self) -> None:
        """The chat that was shown no longer is."""

    def reattach(self) -> None:
        """Go on showing a reply that is being written, if it is in this branch."""

    @on(Sidebar.Opened)
    async def opened(self, event: Sidebar.Opened) -> None:
        if self.has_class("-narrow"):
            self.sidebar.display = False
        await self.open(event.conversation, event.message)

    @on(Sidebar.Searched)
    def searched(self, event: Sidebar.Searched) -> None:
        self.list_conversations()

    @on(ContextKnown)
    async def context_known(self, event: ContextKnown) -> None:
        if self.conversation and event.conversation == self.conversation.id:
            await self.show_context(event.context)

    async def show_context(self, context: object) -> None:
        """The gauge, and the line where old messages left the prompt."""

    async def action_new_chat(self) -> None:
        await self.open(None)

    def action_search(self) -> None:
        self.sidebar.display = True
        # At once, so that the next key is in the search already.
        self.set_focus(self.sidebar.query_one("#search"))

    def action_toggle_sidebar(self) -> None:
        self.sidebar.display = not self.sidebar.display
        if not self.sidebar.display:
            self.composer.focus()


def joined(*texts: str) -> str:
    """Texts below each other."""
    return "\n\n".join(filter(None, texts))


def _branch(tree: list[StoredMessage], leaf: str | None) -> list[StoredMessage]:
    by_id = {message.id: message for message in tree}
    branch: list[StoredMessage] = []
    # Taken out as they come: a damaged history may have a circle.
    message = by_id.pop(leaf or "", None)
    while message is not None:
        branch.append(message)
        message = by_id.pop(message.parent or "", None)
    return branch[::-1]
