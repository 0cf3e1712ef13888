"""Going from one chat to another."""

import asyncio
from collections.abc import Callable

from ...history import Store
from ...text import counted, joined
from ..services.contents import Contents, read_contents
from .parts import Parts
from .replies import Replies


class Opening:
    """Shows another chat in place of the one that is open, one at a time.

    Args:
        parts: the open chat and its widgets.
        replies: what is being written.
        opening: is called when the other chat is known and not shown yet.
        shown: is called when it is shown, with the message that it is shown at.
    """

    def __init__(
        self,
        parts: Parts,
        replies: Replies,
        *,
        opening: Callable[[], object],
        shown: Callable[[str], object],
    ) -> None:
        self._parts, self._replies = parts, replies
        self._tell_opening, self._tell_shown = opening, shown
        # Before the first chat is shown the empty composer is nobody's draft.
        self.shown_once = False
        # The conversation that was open before, empty if none was.
        self.before = ""
        self._lock = asyncio.Lock()

    async def open(self, conversation: str, message: str, *, private: bool) -> bool:
        """See `ChatPane.open`."""
        parts, composer = self._parts, self._parts.composer
        async with self._lock:
            before, left, folded = "", "", composer.folded
            if self.shown_once:
                # What is typed from here on, or since the command for it was sent, is
                # for the one that is opened.
                if composer.on_its_way:
                    before = composer.leave_begun()
                else:
                    before = composer.draft
                    composer.write("")
                waiting = self._replies.waiting_here if parts.chat.id else []
                left = joined(*waiting, before)
                await parts.drafts.keep(parts.chat.id, left, folded if left else ())
            else:
                await parts.drafts.take_unsent(conversation)
            contents, draft, folds, found = await self._read(
                conversation, message, private
            )
            changes = parts.chat.private > private or (private and not conversation)
            if not found or (changes and not self._change_keeper(private, left)):
                composer.write(joined(before, composer.draft), folded)
                return False
            await self._show(contents, draft, folds, message, private)
            return True

    async def keep_draft(self, *, last: bool = False) -> None:
        """Keep what is being written with the conversation it belongs to.

        The `last` time nothing else will, should another window have changed it.
        """
        async with self._lock:
            if self.shown_once:
                parts = self._parts
                text, folded = self._replies.draft, parts.composer.folded
                await parts.drafts.keep(parts.chat.id, text, folded, surely=last)

    async def load_questions(self) -> None:
        """What was asked before, for the composer to recall."""
        ask = self._parts.keeping.kept.ask
        asked = await ask(lambda store: store.questions())
        self._parts.composer.recall.set_questions(asked or [])

    async def _read(
        self, conversation: str, message: str, private: bool
    ) -> tuple[Contents | None, str, str, bool]:
        """A conversation, its draft and what is folded in it, and if it was found."""

        keeping = self._parts.keeping
        keeper = keeping.now if private else keeping.kept

        def read(store: Store) -> tuple[Contents | None, str, str]:
            found = None
            if conversation:
                found = read_contents(store, conversation, message)
            return found, *keeper.drafts.read(store, conversation)

        if private and not conversation:
            return None, "", "", True
        answer = await keeper.ask(read)
        return *(answer or (None, "", "")), bool(answer or not conversation)

    async def _show(
        self,
        contents: Contents | None,
        draft: str,
        folds: str,
        message: str,
        private: bool,
    ) -> None:
        parts, chat, replies = self._parts, self._parts.chat, self._replies
        conversation = contents.conversation.id if contents else ""
        if chat.id and chat.id != conversation and not chat.private:
            self.before = chat.id
        chat.open(contents, private=private)
        folded = parts.drafts.opened(conversation, draft, folds)
        # What waits to be sent is kept with the draft, and shown above the composer.
        waiting = joined(*replies.waiting.texts(conversation or None))
        draft = draft.removeprefix(waiting).lstrip("\n") if waiting else draft
        replies.leave()
        if chat.loses_seed:
            parts.tell("This chat's seed was invalid and is left out; F4 sets another.")
        self._tell_opening()
        await parts.transcript.show(parts.listed(replying=replies.here))
        replies.attach()
        # Something may have been typed meanwhile.
        folded += parts.composer.folded
        parts.composer.write(joined(draft, parts.composer.draft), folded)
        self.shown_once = True
        if message:
            await parts.transcript.reveal(message)
        self._tell_shown(message)
        parts.measure()

    def _change_keeper(self, private: bool, left: str) -> bool:
        """Leave a private chat, telling what is lost, or begin one; whether it went."""
        parts, lost = self._parts, []
        if parts.chat.private:
            count = len(parts.chat.tree)
            lost = [counted(count, "message")] if count else []
            lost += ["a draft"] if left else []
        try:
            if private:
                parts.keeping.begin()
            else:
                parts.keeping.end()
        except OSError as error:
            parts.tell(
                f"No temporary folder for a private chat: {error.strerror}. Make room "
                "and try again.",
                error=True,
            )
            return False
        if lost:
            parts.tell(f"Private chat closed. Lost: {' and '.join(lost)}.")
        self._replies.leave_private()
        parts.pane.run_worker(self.load_questions())
        return True
