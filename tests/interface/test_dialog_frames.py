"""All dialogs lie on the chat alike: where they stand, what is seen behind them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList

from genesis_chat.history import Store
from genesis_chat.tui.actions import action
from genesis_chat.tui.terminal.colourless import Colourless
from genesis_chat.tui.theme.reversed import SELECTED, Reversed
from genesis_chat.tui.widgets.fields import Area, Line
from genesis_chat.tui.widgets.transcript import Transcript

Sit = Callable[..., None]
SMALL = (80, 24)
DIALOGS = {
    "help": "app.help",
    "models": "app.models",
    "system prompt": "chat.system",
    "settings": "chat.settings",
    "trash": "chat.trash",
    "find": "chat.find",
    "export": "chat.export",
}


async def opened(desk: Desk, id: str) -> Widget:
    """Open a dialog by an action's id; its panel."""
    await desk.app.run_action(action(id).does, desk.chat)
    await desk.until(lambda: isinstance(desk.app.screen, ModalScreen))
    await desk.until(lambda: desk.app.screen.query(".dialog"))
    panel = desk.app.screen.query_one(".dialog")
    await desk.until(lambda: panel.region.height > 0)
    await desk.pilot.pause()
    return panel


@pytest.mark.parametrize("size", [SMALL, (120, 36)])
def test_they_leave_the_header_and_the_scrollbar_free(
    sit_down: Sit, tmp_path: Path, size: tuple[int, int]
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.delete(store.create(title="Old").id)

    async def visit(desk: Desk) -> None:
        await desk.say("Hi")
        bar = desk.chat.query_one(Transcript).region.right - 1
        for name, id in DIALOGS.items():
            panel = await opened(desk, id)
            await desk.until(lambda panel=panel: panel.region.y > 0)
            region, (width, height) = panel.region, size
            # At least a column of the chat before its scrollbar, and as much left.
            assert region.x >= 3 and region.right < min(bar, width - 2), name
            assert region.y >= 1 and region.bottom < height, name
            await desk.press("escape")
            await desk.closed()

    sit_down(visit, size=size)


def test_nothing_of_the_settings_is_cut(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        panel = await opened(desk, "chat.settings")
        await desk.until(lambda: "Cancel" in desk.seen())
        assert panel.max_scroll_y == 0
        inside = panel.content_region
        for each in desk.app.screen.query(".row Static, Button"):
            assert inside.contains_region(each.region), each

    sit_down(visit, size=SMALL)


def cursors(desk: Desk) -> list[Widget]:
    """The fields of all screens whose cursor is drawn."""
    ground = Color.parse(desk.app.theme_variables["input-cursor-background"])
    return [
        field
        for screen in desk.app.screen_stack
        for field in screen.query("Line, Area")
        if field.region.height
        and any(
            each.style and each.style.bgcolor == ground.rich_color
            for y in range(field.size.height)
            for each in field.render_line(y)
        )
    ]


def test_the_only_cursor_is_where_keys_go(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        chat = desk.chat
        search = chat.query_one("#search", Input)
        await desk.until(lambda: cursors(desk) == [chat.composer])
        for field, words in ((chat.composer, ""), (chat.composer, "Hi"), (search, "")):
            field.focus()
            chat.composer.write(words)
            await desk.until(lambda field=field: cursors(desk) == [field])
            for id in ("chat.system", "chat.settings", "app.help", "chat.import"):
                await opened(desk, id)
                focused = desk.app.focused
                own = [focused] if isinstance(focused, Line | Area) else []
                await desk.until(lambda own=own: cursors(desk) == own)
                await desk.press("escape")
                await desk.closed()
            await desk.until(lambda field=field: cursors(desk) == [field])

    sit_down(visit)


def test_the_palette_has_the_ground_of_the_dialogs(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        def ground() -> Color:
            return desk.app.screen.styles.background

        await opened(desk, "chat.settings")
        dimmed = ground()
        await desk.press("escape")
        await desk.closed()
        await desk.press("ctrl+p")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        assert ground() == dimmed and 0 < dimmed.a < 1

    sit_down(visit)


@pytest.mark.parametrize("theme", ["genesis-dark", "genesis-light", "ansi-dark"])
def test_what_is_highlighted_is_weaker_without_the_focus(
    sit_down: Sit, tmp_path: Path, theme: str
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = store.create(title="Kept").id

    async def visit(desk: Desk) -> None:
        listed = desk.chat.query_one("#conversations", OptionList)
        await desk.until(lambda: listed.highlighted is not None)

        def drawn() -> set[object]:
            """The grounds of the highlighted row, and how its text stands out."""
            row = listed._index_to_line[listed.highlighted or 0]
            return {
                (each.style.bgcolor, each.style.bold)
                for each in listed.render_line(row)
                if each.style and each.text.strip() not in ("", "▌")
            }

        rest = drawn()
        listed.focus()
        await desk.until(lambda: drawn() != rest)
        desk.chat.composer.focus()
        await desk.until(lambda: drawn() == rest)

    sit_down(visit, theme=theme, conversation=chat)


def test_a_question_has_the_frame_of_the_others(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hi")
        for size in (SMALL, (120, 36), (40, 12)):
            await desk.pilot.resize_terminal(*size)
            await desk.until(lambda size=size: desk.app.size == size)
            await desk.press("ctrl+up", "d")
            await desk.until(lambda: isinstance(desk.app.screen, ModalScreen))
            for said in ("Delete message", "Esc cancel", "Delete this message?"):
                await desk.until(lambda said=said: said in desk.seen())
            if size != (40, 12):
                assert "Y delete · N cancel" in desk.seen()
            await desk.press("escape")
            await desk.closed()

    sit_down(visit, size=SMALL)


def test_a_reversed_row_is_whole() -> None:
    dark = Color.parse("#000000")
    row = [Segment("▌", Style(color="red")), Segment(" A chat", Style(bold=True))]
    for kind, ground in ((Reversed(), SELECTED), (Colourless(), "#8590A0")):
        name = ground.removeprefix("ansi_")
        chosen = [
            Segment(text, style and style + Style(bgcolor=name))
            for text, style, _ in row
        ]
        shown = kind.apply(chosen, dark)
        assert "".join(each.text for each in shown) == "  A chat"
        assert all(each.style and each.style.reverse for each in shown)
        # Elsewhere the bar is there.
        assert kind.apply(row, dark)[0].text == "▌"
