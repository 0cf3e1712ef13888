"""Doing something with a message."""

from textual import on, work

from ...history import Store, StoredMessage
from ..dialogs.confirm import Confirm
from ..terminal.clipboard import copy
from ..widgets.message import MessageView
from ..widgets.shown import code_blocks
from .organizing import Organizing
from .replying import BUSY


class Acting(Organizing):
    """Copies, edits, regenerates, browses alternatives, branches and deletes."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        # The message and the block of code in it that were copied last.
        self.copied = ("", 0)

    @on(MessageView.Go)
    async def go(self, event: MessageView.Go) -> None:
        found = await self.transcript.step_from(event.view, event.step)
        if not found and event.step > 0:
            self.composer.focus()

    @on(MessageView.Asked)
    async def asked_of_message(self, event: MessageView.Asked) -> None:
        view, id = event.view, event.view.shown.message.id
        match event.what:
            case "copy":
                self._copy(view.text, "message")
            case "copy_code":
                self._copy_code(id, code_blocks(view.text))
            case _ if self.turns.busy or not id:
                self.tell(BUSY)
            case "previous" | "next":
                await self._alternative(view, -1 if event.what == "previous" else 1)
            case "regenerate":
                await self._regenerate(view.shown.message)
            case "resume":
                await self._resume(view.shown.message)
            case "edit":
                self._edit(id, view.text)
            case "branch":
                copied = await self.ask(lambda s: s.fork(self.opened_id, id))
                if copied:
                    await self.open(copied.id)
                    self.list_conversations()
                    self.tell("This is the new chat; the first one stays as it was.")
            case "delete":
                self._delete(id)

    def _copy_code(self, message: str, blocks: list[str]) -> None:
        """Copy a message's first block of code, its next one when asked again."""
        last, place = self.copied
        place = (place + 1) % len(blocks) if last == message else 0
        self.copied = message, place
        which = f"code block {place + 1} of {len(blocks)}" if blocks[1:] else "code"
        self._copy(blocks[place], which)

    def _copy(self, text: str, what: str) -> None:
        how = copy(self.app, text)
        self.tell(f"Copied the {what} through {how}.")

    async def _regenerate(self, message: StoredMessage) -> None:
        asked = message.id if message.role == "user" else message.parent
        place = next((n for n, m in enumerate(self.branch) if m.id == asked), None)
        if place is not None:
            turn = self.turn("regenerate", message=asked)
            await self.begin(turn, self.branch[: place + 1])

    async def _resume(self, message: StoredMessage) -> None:
        last = self.branch[-1]
        if message.id == last.id and message.role == "assistant":
            await self.begin(self.turn("resume", message=last.id), self.branch)
        else:
            self.tell("Only the last reply can be continued.")

    @work
    async def _edit(self, id: str, text: str) -> None:
        from ..dialogs.edit import EditMessage

        new = await self.app.push_screen_wait(EditMessage(text))
        place = next((n for n, m in enumerate(self.branch) if m.id == id), None)
        if new is None or place is None:
            return
        from dataclasses import replace

        question = replace(self.branch[place], id="", content=new)
        turn = self.turn("edit", message=id, content=new)
        await self.begin(turn, [*self.branch[:place], question])

    async def _alternative(self, view: MessageView, step: int) -> None:
        message = view.shown.message
        siblings = [
            m.id
            for m in self.known
            if (m.parent, m.role) == (message.parent, message.role)
        ]
        place = siblings.index(message.id) + step
        if not 0 <= place < len(siblings):
            return
        wanted = siblings[place]

        def choose(store: Store) -> None:
            store.select(self.opened_id, store.latest_leaf(self.opened_id, wanted))

        await self.ask(choose)
        await self.open(self.opened_id, wanted)

    @work
    async def _delete(self, id: str) -> None:
        place = next((n for n, m in enumerate(self.branch) if m.id == id), None)
        if place is None:
            return
        after = len(self.branch) - place - 1
        what = f"this message and the {after} after it" if after else "this message"
        sure = await self.app.push_screen_wait(Confirm(f"Delete {what}?", "Delete"))
        if not sure:
            return
        gone = await self.ask(lambda s: s.delete_message(id))
        if gone:
            self.genesis.undo = (self.opened_id, gone)
            await self.open(self.opened_id)
            self.tell("Deleted. Ctrl+T brings it back.")

    async def action_undo_delete(self) -> None:
        if self.genesis.undo is None:
            self.tell("There is nothing to bring back.")
            return
        conversation, messages = self.genesis.undo
        self.genesis.undo = None

        def bring_back(store: Store) -> None:
            if messages:
                store.restore_messages(messages)
            else:
                store.restore(conversation)

        await self.ask(bring_back)
        await self.open(conversation)
        self.list_conversations()

    async def action_regenerate(self) -> None:
        if self.turns.busy:
            self.tell(BUSY)
        elif self.branch:
            await self._regenerate(self.branch[-1])

    async def action_resume(self) -> None:
        if self.turns.busy:
            self.tell(BUSY)
        elif self.branch:
            await self._resume(self.branch[-1])

    def action_copy_reply(self) -> None:
        written = self.view.text if self.view else ""
        replies = [m.content for m in self.branch if m.role == "assistant"]
        if written or replies:
            self._copy(written or replies[-1], "last reply")

    async def action_select_message(self) -> None:
        await self.transcript.step_from(None, 0)
