"""Doing something with a conversation."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from textual.widget import Widget

from ...errors import GenesisChatError, UsageError
from ...history import Conversation, Store
from ...history.exchange import (
    Imported,
    bring_in,
    format_of,
    sources_in,
    write_file,
)
from ...paths import user_path
from ...text import counted, slug
from ..dialogs.confirm import AskLine, Confirm
from ..widgets.asking import Asking, tell
from .messages import Changed, Opened, Renamed, Trashed

# Later than anything was put into the trash.
EVER = 2**62
What = Literal["rename", "pin", "delete", "export"]


class Organizer:
    """Renames, pins, exports, puts into the trash and takes out again.

    Args:
        widget: posts what was done, and shows the dialogs.
        ask: asks the history.
        is_busy: whether a reply is being written in a conversation.
    """

    def __init__(
        self, widget: Widget, ask: Asking, is_busy: Callable[[str], bool]
    ) -> None:
        self._widget, self._ask, self._is_busy = widget, ask, is_busy

    async def do(self, what: What, id: str) -> None:
        """What a conversation was asked for."""
        match what:
            case "rename":
                self._widget.run_worker(self.rename(id))
            case "pin":
                await self.pin(id)
            case "delete":
                await self.trash(id)
            case "export":
                self._widget.run_worker(self.export(id))

    async def pin(self, id: str) -> None:
        """Keep a conversation above the others, or no longer."""

        def turn_over(store: Store) -> bool:
            pinned = not store.find(id).pinned
            store.pin(id, pinned)
            return pinned

        pinned = await self._ask(turn_over)
        if pinned is not None:
            self._tell("Pinned." if pinned else "Unpinned.")
        self._widget.post_message(Changed())

    async def rename(self, id: str) -> None:
        """Ask for another title."""
        found = await self._ask(lambda store: store.find(id))
        if found is None:
            return
        asked = AskLine("Rename chat", found.title)
        title = await self._widget.app.push_screen_wait(asked)
        if title:
            await self.set_title(id, title)

    async def set_title(self, id: str, title: str) -> bool:
        """Give a conversation another title; whether it has it."""

        def change(store: Store) -> Conversation:
            store.rename(id, title)
            return store.find(id)

        found = await self._ask(change)
        if found:
            self._widget.post_message(Renamed(found))
        return found is not None

    async def trash(self, id: str) -> bool:
        """Put a conversation into the trash; it can be brought back."""
        if self._is_busy(id):
            self._tell("Still replying here. Press Esc to stop.")
            return False

        def delete(store: Store) -> bool:
            store.delete(id)
            return True

        if not await self._ask(delete):
            return False
        self._widget.post_message(Trashed(id))
        self._tell("Moved to trash · Ctrl+T undo")
        return True

    async def restore(self) -> None:
        """Offer what is in the trash."""
        from ..dialogs.trash import EMPTY, Trash

        deleted = await self._ask(lambda store: store.conversations(deleted=True))
        if not deleted:
            self._tell("The trash is empty.")
            return
        id = await self._widget.app.push_screen_wait(Trash(deleted))
        if id == EMPTY:
            await self.empty_trash()
        elif id:
            await self._ask(lambda store: store.restore(id))
            self._widget.post_message(Changed())
            self._widget.post_message(Opened(id))

    async def empty_trash(self) -> None:
        """Delete what is in the trash for good, once a person says so."""
        deleted = await self._ask(lambda store: store.conversations(deleted=True))
        if not deleted:
            self._tell("The trash is empty.")
            return
        many = counted(len(deleted), "chat")
        sure = Confirm("Empty trash", f"Permanently delete {many}?", "Delete")
        if await self._widget.app.push_screen_wait(sure):
            count = await self._ask(lambda store: store.purge(EVER))
            if count is not None:
                self._tell(f"Permanently deleted {counted(count, 'chat')}.")

    async def import_chats(self, path: str = "") -> None:
        """Add the conversations of a file or folder, without holding others up."""
        if not path:
            asked = AskLine(
                "Import chats",
                does="import",
                hint=f"A file or folder, by default in {Path.cwd()}",
            )
            answer = await self._widget.app.push_screen_wait(asked)
            path = answer or ""
        history = await self._ask(lambda store: store.path)
        if not path or history is None:
            return
        try:
            imported = await asyncio.to_thread(_import, user_path(path), history)
        except GenesisChatError as error:
            self._tell(str(error), error=True)
            return
        for sentence in imported.failed:
            self._tell(sentence, error=True)
        merged = imported.merged
        if merged.added or merged.grown or not imported.failed:
            many = counted(merged.added, "chat")
            said = f"Imported {many} ({counted(merged.messages, 'message')})."
            self._tell(" ".join([said, *imported.notes]))
        self._widget.post_message(Changed())

    async def export(self, id: str, path: str = "") -> None:
        """Write a conversation to a file; its ending chooses the format."""
        if not path:
            found = await self._ask(lambda store: store.find(id))
            if found is None:
                return
            asked = AskLine(
                "Export chat",
                f"{slug(found.title) or 'chat'}.md",
                does="export",
                hint=f"By default in {Path.cwd()} · .md, .json or .jsonl",
            )
            answer = await self._widget.app.push_screen_wait(asked)
            path = answer or ""
        if not path:
            return
        try:
            target = export_target(path)
        except UsageError as error:
            self._tell(str(error), error=True)
            return
        if target.exists() and not await self._widget.app.push_screen_wait(
            Confirm("Replace file", f"{target} exists. Replace it?", "Replace")
        ):
            return

        def write(store: Store) -> bool:
            chosen = [(store.find(id), store.messages(id))]
            write_file(chosen, format_of(target), target, replace=True)
            return True

        if await self._ask(write):
            self._tell(f"Exported to {target.absolute()}.")

    def _tell(self, sentence: str, *, error: bool = False) -> None:
        tell(self._widget, sentence, error=error)


def _import(path: Path, history: Path) -> Imported:
    with Store.open(history) as store:
        return bring_in(store, sources_in(path))


def export_target(path: str) -> Path:
    """Where to export to. Raises `UsageError` when it cannot be there."""
    target = user_path(path)
    format_of(target)
    try:
        target.exists()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}. Choose another file."
        ) from error
    return target
