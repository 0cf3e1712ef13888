"""Where something is written: every input and text area of the interface is of these.

They keep every character as it came, and draw it so that it does not act. Their cursor
does not blink, which would wake the computer for as long as the program runs, and is
there only where keys go: not behind a dialog.
"""

from typing import Any

from rich.text import Text
from textual.document._document import EditResult, Location
from textual.document._edit import Edit
from textual.events import Key, Paste
from textual.screen import Screen
from textual.widgets import Input, TextArea
from textual.widgets.input import Selection

from ...text import is_control, visible_controls
from ..terminal.clipboard import clipboard_text
from .clusters import deleted_left_of, left_of, right_of
from .standins import decoded, encoded, pictured


def is_text(event: Key) -> bool:
    """Whether a key is a character and nothing else.

    Textual goes by `str.isprintable`, which refuses wide and narrow spaces, joiners,
    marks and soft hyphens.
    """
    character = event.character or ""
    return len(character) == 1 and not is_control(character)


class Line(Input):
    """One line; `passing` is whether the last keys were for somebody else."""

    passing = False

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(_one_line(value), **options)
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.app.screen_change_signal.subscribe(self, self._screen_changed)

    def on_focus(self) -> None:
        self.passing = False

    def _screen_changed(self, screen: Screen[object]) -> None:
        self._cursor_visible = screen is self.screen

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is text here."""
        return character is not None and not is_control(character)

    @property
    def _value(self) -> Text:
        return Text(pictured(self.value), no_wrap=True, overflow="ignore", end="")

    async def _on_key(self, event: Key) -> None:
        if is_text(event) and not event.is_printable:
            event.stop()
            event.prevent_default()
            self.replace(event.character or "", *self.selection)
        else:
            await _acts(self, event)

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        # Several lines become one, and none of them is lost.
        self.replace(_one_line(event.text), *self.selection)

    def action_paste(self) -> None:
        """Paste what is in the clipboard, or what was copied in the interface."""
        text = clipboard_text() or self.app.clipboard
        self.replace(_one_line(text), *self.selection)

    def action_cursor_left(self, select: bool = False) -> None:
        """Go over a character as it is seen."""
        start, end = self.selection
        if select or start == end:
            place = left_of(self.value, end)
            self.selection = Selection(start if select else place, place)
        else:
            super().action_cursor_left()

    def action_cursor_right(self, select: bool = False) -> None:
        """Go over a character as it is seen."""
        start, end = self.selection
        if (select or start == end) and end < len(self.value):
            place = right_of(self.value, end)
            self.selection = Selection(start if select else place, place)
        else:
            super().action_cursor_right(select)

    def action_delete_left(self) -> None:
        """Delete what is selected, or the character before the cursor."""
        start, end = self.selection
        if start == end:
            start = deleted_left_of(self.value, end)
        self.delete(start, end)

    def action_delete_right(self) -> None:
        """Delete what is selected, or the character behind the cursor."""
        start, end = self.selection
        if start == end:
            end = right_of(self.value, start)
        self.delete(start, end)


class Area(TextArea):
    """Several lines; `passing` is whether the last keys were for somebody else."""

    passing = False

    def __init__(self, text: str = "", **options: Any) -> None:
        super().__init__(text, **options)
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.app.screen_change_signal.subscribe(self, self._screen_changed)

    def on_focus(self) -> None:
        self.passing = False

    def _screen_changed(self, screen: Screen[object]) -> None:
        # Textual keeps the lines that it has drawn.
        self._line_cache.clear()
        self.refresh()

    @property
    def _draw_cursor(self) -> bool:
        return super()._draw_cursor and self.screen.is_active

    @property
    def text(self) -> str:
        """All that is written."""
        return decoded(super().text)

    @text.setter
    def text(self, value: str) -> None:
        self.load_text(value)

    def get_text_range(self, start: Location, end: Location) -> str:
        """The text between two places."""
        return decoded(super().get_text_range(start, end))

    def edit(self, edit: Edit) -> EditResult:
        """Replace a part of the text."""
        edit.text = encoded(edit.text)
        return super().edit(edit)

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn, which has as many characters."""
        shown = pictured(self.document.get_line(line_index))
        return Text(shown, end="", no_wrap=True)

    def action_paste(self) -> None:
        """Paste what is in the clipboard, or what was copied in the interface."""
        text = clipboard_text() or self.app.clipboard
        if text and not self.read_only:
            self.paste(text)

    def paste(self, text: str) -> None:
        """Put a text in place of what is selected."""
        self._replace_via_keyboard(text, *self.selection)

    def get_cursor_left_location(self) -> Location:
        """Where the cursor goes: over a character as it is seen."""
        row, column = self.cursor_location
        if not column:
            return super().get_cursor_left_location()
        return row, left_of(self.document.get_line(row), column)

    def get_cursor_right_location(self) -> Location:
        """Where the cursor goes: over a character as it is seen."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        if column >= len(line):
            return super().get_cursor_right_location()
        return row, right_of(line, column)

    def action_delete_left(self) -> None:
        """Delete what is selected, or the character before the cursor."""
        row, column = self.cursor_location
        if self.read_only or not self.selection.is_empty or not column:
            super().action_delete_left()
        else:
            start = deleted_left_of(self.document.get_line(row), column)
            self._delete_via_keyboard((row, start), (row, column))

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Whether a key is text here."""
        known: bool = super().check_consume_key(key, character)
        if character is None or self.read_only:
            return known
        return known or not is_control(character)

    def _set_document(self, text: str, language: str | None) -> None:
        held = getattr(self, "document", None)
        # Textual hands what it holds back when the language changes.
        known = held is not None and text == held.text
        super()._set_document(text if known else encoded(text), language)

    async def _on_key(self, event: Key) -> None:
        if is_text(event) and not event.is_printable and not self.read_only:
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard(event.character or "", *self.selection)
        else:
            await _acts(self, event)


def _one_line(text: str) -> str:
    return visible_controls(" ".join(text.strip("\r\n").split("\n")))


async def _acts(field: "Line | Area", event: Key) -> None:
    """Do at once what a key is bound to here.

    Textual does it once the key has gone up through all parents, when others that were
    typed right behind it are text already. Behind a key that was for somebody else,
    which may move the focus, keys go up as that one did.
    """
    known = field._bindings.key_to_bindings.get(event.key, ())
    field.passing = not is_text(event) and (field.passing or not known)
    if field.passing:
        return
    for binding in known:
        own = "." not in binding.action and not event.is_printable
        if own and await field.app.run_action(binding.action, field):
            event.stop()
            event.prevent_default()
            return
