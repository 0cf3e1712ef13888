"""Doing something with a conversation."""

from pathlib import Path

from textual import on, work

from ...errors import UsageError
from ...history import Store
from ...history.exchange import format_of, write_file
from ...paths import user_path
from ..chat_list.sidebar import Sidebar
from ..dialogs.confirm import AskLine, Confirm
from .replying import Replying


class Organizing(Replying):
    """Renames, pins, exports, puts into the trash and takes out again."""

    @on(Sidebar.Asked)
    async def asked_of_conversation(self, event: Sidebar.Asked) -> None:
        match event.what:
            case "rename":
                self.rename(event.conversation)
            case "pin":
                await self.pin(event.conversation)
            case "delete":
                await self.trash(event.conversation)
            case "export":
                self.export(event.conversation, "")

    def action_rename_chat(self) -> None:
        if self._begun():
            self.rename(self.opened_id)

    async def action_pin_chat(self) -> None:
        if self._begun():
            await self.pin(self.opened_id)

    def action_export_chat(self) -> None:
        if self._begun():
            self.export(self.opened_id, "")

    @property
    def opened_id(self) -> str:
        assert self.conversation
        return self.conversation.id

    def _begun(self) -> bool:
        if self.conversation is None:
            self.tell("The chat begins with its first message.")
        return self.conversation is not None

    async def pin(self, id: str) -> None:
        """Keep a conversation above the others, or no longer."""

        def turn_over(store: Store) -> bool:
            pinned = not store.find(id).pinned
            store.pin(id, pinned)
            return pinned

        pinned = await self.ask(turn_over)
        if pinned is not None:
            self.tell("Pinned." if pinned else "No longer pinned.")
        self.list_conversations()

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
        # Opening another chat keeps the draft of this one.
        if self.conversation and self.conversation.id == id:
            await self.open(None)
        await self.ask(lambda s: s.delete(id))
        self.genesis.undo = (id, [])
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
        target = self.export_target(path)
        if target is None or (
            target.exists()
            and not await self.app.push_screen_wait(
                Confirm(f"{target} exists. Replace it?", "Replace")
            )
        ):
            return

        def write(store: Store) -> bool:
            chosen = [(store.find(id), store.messages(id))]
            write_file(chosen, format_of(target), target, replace=True)
            return True

        if await self.ask(write):
            self.tell(f"Exported to {target.absolute()}.")

    def export_target(self, path: str) -> Path | None:
        """Where to export to; None, and a notice, when it cannot be there."""
        try:
            target = user_path(path)
            format_of(target)
            target.exists()
        except UsageError as error:
            self.tell(str(error), error=True)
        except OSError as error:
            self.tell(f"{path} cannot be written: {error.strerror}.", error=True)
        else:
            return target
        return None

    @work
    async def action_trash(self) -> None:
        from ..dialogs.trash import Trash

        deleted = await self.ask(lambda s: s.conversations(deleted=True))
        if not deleted:
            self.tell("The trash is empty.")
            return
        id = await self.app.push_screen_wait(Trash(deleted))
        if id:
            await self.ask(lambda s: s.restore(id))
            await self.open(id)
            self.list_conversations()
