"""A block of code: its language, its text, and a sign where a line goes on."""

from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.highlight import HighlightTheme, highlight
from textual.message import Message
from textual.selection import Selection
from textual.widgets import Static
from textual.widgets._markdown import MarkdownBlock, MarkdownFence

from ..actions import first_key
from .menu_request import MenuWanted, wants_menu
from .shown import line

# The language of a block that is still open: its code has no colours yet.
OPEN = "open"
CLIPPED, CLIPPED_LEFT = "›", "‹"
STEP = 8


class Colours(HighlightTheme):
    """Code borrows the mixers' hues."""

    STYLES = {  # noqa: RUF012  # as in Textual's
        Token.Comment: "$text-faint italic",
        Token.Error: "$text-error",
        Token.Generic.Strong: "bold",
        Token.Generic.Emph: "italic",
        Token.Generic.Error: "$text-error",
        Token.Generic.Deleted: "$text-error",
        Token.Generic.Inserted: "$text-success",
        Token.Generic.Heading: "bold",
        Token.Generic.Subheading: "bold",
        Token.Keyword: "$ttt",
        Token.Keyword.Constant: "$fox",
        Token.Literal.Number: "$fox",
        Token.Literal.String: "$text-success",
        Token.Literal.String.Doc: "$text-success italic",
        Token.Name.Attribute: "$gla",
        Token.Name.Builtin: "$gla",
        Token.Name.Builtin.Pseudo: "$fox",
        Token.Name.Class: "$gla bold",
        Token.Name.Constant: "$fox",
        Token.Name.Decorator: "$ttt",
        Token.Name.Function: "$gla",
        Token.Name.Tag: "$ttt",
        Token.Number: "$fox",
        Token.Operator.Word: "$ttt",
        Token.String: "$text-success",
        Token.Whitespace: "",
    }


class Lines(Static):
    """Lines that are not wrapped; those that go on have a sign at their end."""

    def __init__(self, code: Content) -> None:
        super().__init__(code, markup=False, classes="code")
        self._left = 0
        # The lines of the content, and whose they are.
        self._split: tuple[object, list[Content]] = (None, [])

    @property
    def longest(self) -> int:
        """Columns of the longest line."""
        return max(each.cell_length for each in self._lines)

    @property
    def _lines(self) -> list[Content]:
        shown = self.content
        if shown is not self._split[0] and isinstance(shown, Content):
            self._split = shown, shown.split("\n")
        return self._split[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for every line."""
        return len(self._lines)

    def render(self) -> Content:
        """The lines, each cut where the width ends."""
        return self._fitted(self.content_size.width)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What was selected, with what is out of sight in the rows of it."""
        if self._left:
            return super().get_selection(selection)
        return selection.extract("\n".join(each.plain for each in self._lines)), "\n"

    def action_move(self, step: int) -> None:
        """Go to the right, or back to the left."""
        most = max(0, self.longest - self.content_size.width)
        self._left = min(most, max(0, self._left + step * STEP))
        self.refresh()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        if event.shift or event.ctrl:
            event.stop()
            self.action_move(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        if event.shift or event.ctrl:
            event.stop()
            self.action_move(-1)

    def _fitted(self, width: int) -> Content:
        return Content("\n").join(self._cut(each, width) for each in self._lines)

    def _cut(self, row: Content, width: int) -> Content:
        if not self._left and row.cell_length <= width:
            return row
        end = row.cell_length > self._left + width
        start = self._left > 0 and row.cell_length > 0
        room = max(0, width - end - start)
        shown = row[self._left + start :].truncate(room)
        return Content.assemble(
            (CLIPPED_LEFT if start else "", "$accent"),
            shown,
            (CLIPPED if end else "", "$accent"),
        )


class Fence(MarkdownFence):
    """A block of code with its language, and a way to copy it by the mouse."""

    class Copied(Message):
        """The code is to be copied."""

        def __init__(self, code: str) -> None:
            self.code = code
            super().__init__()

    def compose(self) -> ComposeResult:
        self._label = Static(self._language, classes="language aside", markup=False)
        key = first_key("message.copy_code", self.app._keymap)
        self._copy = Static(f"{key} copy", classes="copy aside", markup=False)
        self._lines = Lines(self._highlighted_code)
        yield self._label
        yield self._copy
        yield self._lines

    @property
    def allow_horizontal_scroll(self) -> bool:
        """The lines move by themselves."""
        return False

    @property
    def _language(self) -> Content:
        words = self.lexer.removeprefix(OPEN).split()
        return line(words[0] if words else "code")

    @classmethod
    def highlight(
        cls, code: str, language: str, ansi: bool = False, dark: bool = False
    ) -> Content:
        """The code in colours, as far as its language is known."""
        code = code.rstrip("\n").expandtabs(4)
        word = next(iter(language.split()), "")
        if not word or word == OPEN or not _known(word):
            return Content(code)
        return highlight(code, language=word, theme=Colours)

    def set_content(self, content: Content) -> None:
        """Show other code."""
        self._content = content
        if self.is_attached and self._nodes:
            self._label.update(self._language)
            self._lines.update(content)

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if isinstance(block, MarkdownFence):
            self._copy_context(block)
            self.set_content(block._highlighted_code)
            self._lines.refresh(layout=True)
        else:
            await super()._update_from_block(block)

    def on_click(self, event: Click) -> None:
        if wants_menu(event):
            event.stop()
            self.post_message(MenuWanted(event.screen_offset))
        elif event.widget is self._copy:
            event.stop()
            self.action_copy_code()

    def on_menu_wanted(self, event: MenuWanted) -> None:
        event.targets.append(("code", self))

    def action_copy_code(self) -> None:
        self.post_message(self.Copied(self.code.rstrip("\n")))


def _known(language: str) -> bool:
    try:
        get_lexer_by_name(language)
    except ClassNotFound:
        return False
    return True
