"""Doing something with a message or a conversation."""

from pathlib import Path

from textual import on, work

from ....history import Store
from ....history.exchange import write_file
from ...clipboard import copy
from ...shown import code_blocks
from ...widgets.message import MessageView
from ...widgets.sidebar import Sidebar
from ..dialogs import AskLine, Confirm
from .base import shown
from .replying import Replying


class Acting(Replying):
    """Copies, edits, regenerates, browses, branches, deletes, exports, renames."""

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

    @on(Sidebar.Asked)
    async def asked_of_conversation(self, event: Sidebar.Asked) -> None:
        match event.what:
            case "rename":
                self.rename(event.conversation)
            case "pin":

                def turn_over(store: Store) -> None:
                    found = store.find(event.conversation)
                    store.pin(found.id, not found.pinned)

                await self.ask(turn_over)
                self.list_conversations()
            case "delete":
                await self.trash(event.conversation)
            case "export":
                self.export(event.conversation, "")

    @work
    async def rename(self, id: str) -> None:
        """Ask for another title."""
        found = await self.ask(lambda s: s.find(id))
        title = found and await self.app.push_screen_wait(
            AskLine("Title of this chat", found.title)
        )
        if title:
            await self.set_title(id, title)

    async def set_title(self, id: str, title: str) -> None:
        """Give a conversation another title."""

        def change(store: Store) -> object:
            store.rename(id, title)
            return store.find(id)

        found = await self.ask(change)
        if found and self.conversation and self.conversation.id == id:
            self.conversation = found
            self.show_title()
        self.list_conversations()

    async def trash(self, id: str) -> None:
        """Put a conversation into the trash; it can be brought back."""
        if self.turns.busy and self.replying_in == id:
            self.tell("A reply is being written here; Esc stops it.")
            return
        await self.ask(lambda s: s.delete(id))
        self.genesis.undo = (id, [])
        if self.conversation and self.conversation.id == id:
            self.conversation = None
            await self.open(None)
        self.list_conversations()
        self.tell("In the trash. Ctrl+T brings it back.")

    @work
    async def export(self, id: str, path: str) -> None:
        """Write a conversation to a file; its ending chooses the format."""
        if not path:
            answer = await self.app.push_screen_wait(
                AskLine("Export to (.md, .json or .jsonl)", f"chat-{id[-6:]}.md")
            )
            path = answer or ""
        if not path:
            return
        target = Path(path).expanduser()
        formats = {".md": "markdown", ".json": "json", ".jsonl": "jsonl"}
        kind = formats.get(target.suffix.lower())
        if kind is None:
            self.tell("The file's name must end in .md, .json or .jsonl.", error=True)
            return
        if target.exists() and not await self.app.push_screen_wait(
            Confirm(f"{target} exists. Replace it?", "Replace")
        ):
            return

        def write(store: Store) -> bool:
            chosen = [(store.find(id), store.messages(id))]
            write_file(chosen, kind, target, replace=True)
            return True

        if await self.ask(write):
            self.tell(f"Exported to {target.absolute()}.")

    async def show_branch(self) -> None:
        """Show the branch as it is in the history now."""
        await self.transcript.show(shown(self.branch, self.known))
