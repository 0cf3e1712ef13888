"""Doing something with a message."""

from textual import on, work

from ....history import Store
from ...clipboard import copy
from ...shown import code_blocks
from ...widgets.message import MessageView
from ..dialogs import Confirm
from .organizing import Organizing


class Acting(Organizing):
    """Copies, edits, regenerates, browses alternatives, branches and deletes."""

    @on(MessageView.Go)
    def go(self, event: MessageView.Go) -> None:
        views = self.transcript.views
        if event.step > 0 and views and event.view is views[-1]:
            self.composer.focus()
        else:
            self.transcript.step_from(event.view, event.step)

    @on(MessageView.Asked)
    async def asked_of_message(self, event: MessageView.Asked) -> None:
        view, id = event.view, event.view.shown.message.id
        match event.what:
            case "copy":
                self._copy(view.text, "message")
            case "copy_code":
                blocks = code_blocks(view.text)
                if blocks:
                    self._copy("\n\n".join(blocks), "code")
            case "previous" | "next":
                await self._alternative(view, -1 if event.what == "previous" else 1)
            case _ if self.turns.busy or not id:
                self.tell("A reply is being written; Esc stops it.")
            case "regenerate":
                await self._regenerate(view)
            case "resume":
                await self._resume(view)
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

    @property
    def opened_id(self) -> str:
        assert self.conversation
        return self.conversation.id

    def _copy(self, text: str, what: str) -> None:
        how = copy(self.app, text)
        self.tell(f"Copied the {what} through {how}.")

    async def _regenerate(self, view: MessageView) -> None:
        message = view.shown.message
        asked = message.id if message.role == "user" else message.parent
        place = next((n for n, m in enumerate(self.branch) if m.id == asked), None)
        if place is not None:
            turn = self.turn("regenerate", message=asked)
            await self.begin(turn, self.branch[: place + 1])

    async def _resume(self, view: MessageView) -> None:
        if self.branch and view.shown.message.id == self.branch[-1].id:
            await self.begin(
                self.turn("resume", message=self.branch[-1].id), self.branch
            )
        else:
            self.tell("Only the last reply can be continued.")

    @work
    async def _edit(self, id: str, text: str) -> None:
        from ..edit import EditMessage

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
        if not 0 <= place < len(siblings) or self.turns.busy:
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
        if self.last_reply and not self.turns.busy:
            await self._regenerate(self.last_reply)

    async def action_resume(self) -> None:
        if self.last_reply and not self.turns.busy:
            await self._resume(self.last_reply)

    def action_copy_reply(self) -> None:
        if self.last_reply:
            self._copy(self.last_reply.text, "last reply")

    def action_select_message(self) -> None:
        self.transcript.step_from(None, 0)
