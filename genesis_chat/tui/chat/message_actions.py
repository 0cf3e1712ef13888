"""Doing something with a message."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from ...history import Store, StoredMessage
from ..dialogs.confirm import Confirm
from ..terminal.clipboard import copy
from ..widgets.message import MessageView
from ..widgets.shown import code_blocks
from ..widgets.shown_message import What
from .parts import Parts
from .replies import BUSY, Replies

Open = Callable[[str, str], Awaitable[bool]]


class MessageActions:
    """Copies, edits, regenerates, browses alternatives, branches and deletes.

    Args:
        parts: the open chat and its widgets.
        replies: runs turns.
        open: opens a conversation at a message.
        deleted: is called with a conversation and what was deleted of it.
    """

    def __init__(
        self,
        parts: Parts,
        replies: Replies,
        open: Open,
        deleted: Callable[[str, list[str]], object],
    ) -> None:
        self._parts, self._replies = parts, replies
        self._open, self._deleted = open, deleted
        # The message and the block of code in it that were copied last.
        self._copied = ("", 0)

    async def do(self, what: What, view: MessageView, code: str = "") -> None:
        """What a message was asked for, with the block of code that is meant."""
        message = view.shown.message
        match what:
            case "copy":
                self.copy(view.text, "message")
            case "copy_code" if code:
                self.copy(code, "code")
            case "copy_code":
                self._copy_code(message.id, code_blocks(view.text))
            case _ if self._replies.busy or not message.id:
                self._parts.tell(BUSY)
            case "previous":
                await self._alternative(message, -1)
            case "next":
                await self._alternative(message, 1)
            case "regenerate":
                await self.regenerate(message)
            case "resume":
                await self.resume(message)
            case "edit":
                self._parts.pane.run_worker(self._edit(message.id, view.text))
            case "branch":
                await self._branch(message.id)
            case "delete":
                self._parts.pane.run_worker(self._delete(message.id))

    def copy(self, text: str, what: str) -> None:
        """Copy a text and say so."""
        how = copy(self._parts.pane.app, text)
        self._parts.tell(f"Copied the {what} through {how}.")

    def copy_reply(self) -> None:
        """Copy the last reply, also while it is written."""
        running = self._replies.running if self._replies.here else None
        text = (running and running.text) or self._parts.chat.last_reply
        if text:
            self.copy(text, "last reply")

    async def regenerate(self, message: StoredMessage | None = None) -> bool:
        """Have a reply to a message, by default the last one, written again."""
        chat = self._parts.chat
        if message is None and not chat.branch:
            return False
        message = message or chat.branch[-1]
        asked = message.id if message.role == "user" else message.parent
        place = chat.place(asked)
        if place is None:
            return False
        turn = chat.turn(
            "regenerate", message=asked or "", readings=self._parts.watched
        )
        return await self._replies.begin(turn, chat.branch[: place + 1])

    async def resume(self, message: StoredMessage | None = None) -> bool:
        """Have the last reply go on."""
        chat = self._parts.chat
        if not chat.branch:
            return False
        last = chat.branch[-1]
        if last.role != "assistant" or (message and message.id != last.id):
            self._parts.tell("Only the last reply can be continued.")
            return False
        turn = chat.turn("resume", message=last.id, readings=self._parts.watched)
        return await self._replies.begin(turn, chat.branch)

    async def undo_exchange(self) -> bool:
        """Delete the last question with its reply."""
        if self._replies.busy:
            self._parts.tell(BUSY)
            return False
        asked = [m.id for m in self._parts.chat.branch if m.role == "user"]
        if not asked:
            self._parts.tell("Nothing to undo.")
            return False
        return await self.delete(asked[-1])

    def _copy_code(self, message: str, blocks: list[str]) -> None:
        """Copy a message's first block of code, its next one when asked again."""
        last, place = self._copied
        place = (place + 1) % len(blocks) if last == message else 0
        self._copied = message, place
        which = f"code block {place + 1} of {len(blocks)}" if blocks[1:] else "code"
        self.copy(blocks[place], which)

    async def _edit(self, id: str, text: str) -> None:
        from ..dialogs.edit import EditMessage

        chat = self._parts.chat
        new = await self._parts.pane.app.push_screen_wait(EditMessage(text))
        place = chat.place(id)
        if new is None or place is None:
            return
        question = replace(chat.branch[place], id="", content=new)
        turn = chat.turn("edit", message=id, content=new, readings=self._parts.watched)
        await self._replies.begin(turn, [*chat.branch[:place], question])

    async def _alternative(self, message: StoredMessage, step: int) -> None:
        chat = self._parts.chat
        wanted = chat.alternative(message, step)
        if wanted is None:
            return
        id = chat.id

        def choose(store: Store) -> None:
            store.select(id, store.latest_leaf(id, wanted))

        await self._parts.ask(choose)
        await self._open(id, wanted)

    async def _branch(self, message: str) -> None:
        id = self._parts.chat.id
        copied = await self._parts.ask(lambda store: store.fork(id, message))
        if copied and await self._open(copied.id, ""):
            self._parts.tell("Branched into a new chat. The original is unchanged.")

    async def _delete(self, id: str) -> None:
        chat = self._parts.chat
        place = chat.place(id)
        if place is None:
            return
        after = len(chat.branch) - place - 1
        rest = f"and the {after} that follow" if after > 1 else "and the one after it"
        what = f"this message {rest}" if after else "this message"
        sure = await self._parts.pane.app.push_screen_wait(
            Confirm("Delete message", f"Delete {what}?", "Delete")
        )
        if sure:
            await self.delete(id)

    async def delete(self, id: str) -> bool:
        """Delete a message with all that follow it."""
        conversation = self._parts.chat.id
        gone = await self._parts.ask(lambda store: store.delete_message(id))
        if not gone:
            return False
        self._deleted(conversation, gone)
        await self._open(conversation, "")
        self._parts.tell("Deleted · Ctrl+T undo")
        return True
