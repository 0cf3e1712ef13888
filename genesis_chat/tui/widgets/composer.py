"""Where a message is written."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import BindingType
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.events import Click, Key, MouseDown, Paste
from textual.message import Message

from ...text import joined
from ..actions import action
from ..bindings import bindings
from ..terminal.clipboard import clipboard_text
from .fields import Area
from .folding import Folds
from .menu_request import MenuWanted, wants_menu
from .recall import Left, Recall
from .taken import Taken

# Terminals that paste key by key send the last line's Enter right after it.
AFTER_PASTE_SECONDS = 0.05
PLACEHOLDER = "Message Genesis, or type / for commands"
SEND, BREAK = (action(id).keys for id in ("composer.send", "composer.newline"))


class Composer(Area):
    """A text area that grows with its text and sends it.

    Up in the first row and down in the last one go through what was asked before.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("composer")

    class Sent(Message):
        """A message is to be sent, every fold of it opened."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Copied(Message):
        """A part of the text is to be copied."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Pasting(Message):
        """What is in the clipboard is wanted, and only the terminal may know it."""

    class Completing(Message):
        """A key for the list of completions; with Enter the text is taken.

        `accepted` is what is to be done then, if anything.
        """

        def __init__(self, key: str, text: str = "") -> None:
            self.key, self.text = key, text
            self.accepted: str | None = None
            super().__init__()

    def __init__(self, enter_sends: bool = True) -> None:
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            placeholder=PLACEHOLDER,
            highlight_cursor_line=False,
            compact=True,
        )
        self.enter_sends = enter_sends
        self.completing = False
        self.folds = Folds()
        # What was taken out and is not yet where it belongs.
        self._taken: deque[Taken] = deque()
        self.recall = Recall()
        self._pasted = float("-inf")
        # That the terminal brought a text since somebody began to wait for one.
        self.brought = asyncio.Event()

    @property
    def on_its_way(self) -> bool:
        """Whether something was taken out and is not yet where it belongs."""
        return bool(self._taken)

    @property
    def whole(self) -> str:
        """The text with every fold opened."""
        return self.folds.unfold(self.text)

    @property
    def draft(self) -> str:
        """What was written, also while something that was asked before is shown."""
        return joined(*(each.begun for each in self._taken), self._written)

    @property
    def folded(self) -> list[tuple[str, str]]:
        """What the marks in the draft stand for, with their names."""
        begun = [each for taken in self._taken for each in taken.folded]
        return begun + self.folds.of(self.recall.unsent(self.text))

    @property
    def _written(self) -> str:
        return self.folds.unfold(self.recall.unsent(self.text))

    def write(self, text: str, folded: Iterable[tuple[str, str]] = ()) -> None:
        """Put a text there instead of the draft, huge ones folded.

        What was `folded` in it becomes a mark again.
        """
        for taken in self._taken:
            taken.left = Left()
        self.folds.clear()
        self.recall.leave()
        self.text = self.folds.fold_huge(self.folds.fold_again(text, folded))
        self.move_cursor(self.document.end)

    def rewrite(self, text: str) -> None:
        """Put a text there instead of what is shown, below what was begun before."""
        if text != self.whole.rstrip("\n"):
            begun = self.recall.begun
            folded = self.folds.of(begun)
            self.write(joined(self.folds.unfold(begun), text), folded)

    def edit(self, edit: Edit) -> EditResult:
        """A mark is gone as a whole, and nothing is written into one."""
        edit.from_location, edit.to_location = self.folds.around_lines(
            self.document.get_line, edit.top, edit.bottom
        )
        return super().edit(edit)

    def attach(self, name: str, text: str) -> None:
        """Put a file's text at the cursor, folded."""
        self.insert(self.folds.fold(text, name))

    async def _on_key(self, event: Key) -> None:
        if self.completing and event.key in ("up", "down", "tab", "enter", "escape"):
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                self._hand_over(self.Completing, event.key)
            else:
                self.post_message(self.Completing(event.key))
            return
        send, newline = (SEND, BREAK) if self.enter_sends else (BREAK, SEND)
        if event.key in send or (event.key in BREAK and not self.enter_sends):
            event.stop()
            event.prevent_default()
            if time.monotonic() - self._pasted < AFTER_PASTE_SECONDS:
                self.insert("\n")
            else:
                self.send()
        elif event.key in newline:
            event.stop()
            event.prevent_default()
            self.insert("\n")
        elif (event.key == "up" and self._row == 0) or (
            event.key == "down"
            and self.recall.on
            and self._row == self.wrapped_document.height - 1
        ):
            if self._recall(1 if event.key == "up" else -1):
                event.stop()
                event.prevent_default()
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        self._pasted = time.monotonic()
        self.paste(event.text)
        self.brought.set()

    def paste(self, text: str) -> None:
        """Put a text in place of what is selected, a huge one folded."""
        self.replace(self.folds.fold(text), *self.selection)

    def action_paste(self) -> None:
        """Paste what is in the clipboard: at once, if a program here can tell."""
        if text := clipboard_text():
            self.paste(text)
        else:
            self.post_message(self.Pasting())

    def send(self) -> None:
        """Send what is there, unless it is blank; it leaves at once."""
        if not self.text.strip():
            return
        self._hand_over(self.Sent)

    def set_aside(self) -> None:
        """Take the draft out for the chat it is of, which is about to be left."""
        self._taken.append(Taken("", self.folds, Left(self.recall.unsent(self.text))))
        self.recall.leave()
        self.folds = Folds()
        self.text = ""

    def settle(self) -> None:
        """What was taken first is where it belongs; what was begun comes back."""
        taken = self._taken.popleft()
        begun = self.folds.fold_again(taken.begun, taken.folded)
        if begun and self.recall.on:
            self.recall.begun = joined(begun, self.recall.begun)
        elif begun:
            self.text = joined(self.folds.fold_huge(begun), self.text)
            self.move_cursor(self.document.end)

    def leave_begun(self) -> str:
        """What was begun before what was taken first, which does not come back."""
        taken = self._taken[0]
        begun, taken.left = taken.begun, Left()
        return begun

    def give_back(
        self, text: str | None = None, *, file: tuple[str, str] | None = None
    ) -> None:
        """Put what was taken first back, before what was written since.

        Or another `text`; or what was taken with a file of a name and a content in
        place of its last line.
        """
        since, taken = self._written, self._taken[0]
        marked, self.folds = taken.text, taken.folds
        if file:
            head = marked[: marked.rfind("\n") + 1]
            marked = head + self.folds.fold(file[1], file[0])
        self.recall.go_back(taken.left)
        taken.left = Left()
        self.text = marked if text is None else text
        self.move_cursor(self.document.end)
        if since:
            between = "\n" if text is None else ""
            self.insert(f"{between}{self.folds.fold_huge(since)}")

    def _hand_over(self, message: Callable[..., Message], *values: str) -> None:
        """Take the text out, in one step with the key, and let it be looked at."""
        text = self.whole
        self._taken.append(Taken(self.text, self.folds, self.recall.leave()))
        # First, so that the list of completions is still the one that was seen.
        self.post_message(message(*values, text))
        self.folds = Folds()
        self.text = ""

    def action_copy(self) -> None:
        # The screen copies: it knows the clipboard, and what else Ctrl+C may mean.
        raise SkipAction

    def action_copy_selected(self) -> None:
        self.post_message(self.Copied(self.folds.unfold(self.selected_text)))

    def action_cut(self) -> None:
        if self.selected_text:
            self.action_copy_selected()
            self.replace("", *self.selection)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether there is something to take, or to take back."""
        match action:
            case "cut" | "copy_selected":
                return bool(self.selected_text)
            case "select_all":
                return bool(self.text)
            case "undo":
                return bool(self.history._undo_stack)
            case "redo":
                return bool(self.history._redo_stack)
        return super().check_action(action, parameters)

    def on_mouse_down(self, event: MouseDown) -> None:
        if wants_menu(event):
            # What is selected stays so.
            event.prevent_default()

    def on_click(self, event: Click) -> None:
        if wants_menu(event):
            event.stop()
            self.post_message(MenuWanted(event.screen_offset, self.region))

    def on_menu_wanted(self, event: MenuWanted) -> None:
        event.targets.append(("composer", self))

    @property
    def _row(self) -> int:
        """The cursor's row as it is shown, where a long line takes several."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def _recall(self, step: int) -> bool:
        text = self.recall.step(step, self.text, self.folds.fold_huge)
        if text is None:
            return False
        self.text = text
        self.move_cursor((0, 0) if step > 0 else self.document.end)
        return True
