"""What dialogs and menus look like."""

from collections.abc import Callable

import pytest
from desk import Desk
from pictured import DARK, LARGE, LIGHT, SMALL, back
from pictures import become, show
from textual.widget import Widget
from textual.widgets import Input

from genesis_chat.tui.dialogs import models
from genesis_chat.tui.dialogs.menu import Menu
from genesis_chat.tui.dialogs.model_rows import DEMO, Row
from genesis_chat.tui.widgets.code import Fence
from genesis_chat.tui.widgets.menu_request import RIGHT

pytestmark = pytest.mark.usefixtures("same_everywhere")
Sit = Callable[..., None]
CACHED = "In Hugging Face's cache"
MENUS = [("large", LARGE, DARK), ("small", SMALL, LIGHT)]


async def pointed(desk: Desk, what: str) -> None:
    """Ask for the context menu of something."""
    if what in ("reply", "question"):
        await desk.press("ctrl+up", "up", *["up"] * (what == "reply"), "m")
    elif what == "chat":
        if desk.app.size == SMALL:
            await desk.press("ctrl+b")
        desk.chat.query_one("#conversations").focus()
        await desk.press("m")
    else:
        widget: Widget = desk.chat.composer
        if what == "code":
            widget = desk.chat.query(Fence).first()
            widget.scroll_visible(animate=False)
        else:
            desk.chat.composer.write("Tell me more, please.")
            desk.chat.composer.action_select_all()
        await desk.pilot.pause()
        await desk.pilot.click(widget, offset=(3, 0), button=RIGHT)
    await desk.until(lambda: isinstance(desk.app.screen, Menu))


@pytest.mark.parametrize("what", ["reply", "question", "code", "chat", "composer"])
def test_menus(sit_down: Sit, chats: str, what: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        for name, size, theme in MENUS:
            await become(desk, size, theme)
            await pointed(desk, what)
            await show(desk, f"menu-{what}-{name}")
            await back(desk)
            await desk.press("escape")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


DIALOGS = {
    "help": ["f1"],
    "system": ["f3"],
    "settings": ["f4"],
    "palette": ["ctrl+p"],
    "delete": ["ctrl+up", "up", "up", "d"],
    "edit": ["ctrl+up", "up", "e"],
}


@pytest.mark.parametrize(
    ("size", "theme", "names"),
    [
        (LARGE, DARK, ["help", "settings", "palette", "delete"]),
        (SMALL, LIGHT, ["help", "system", "settings", "edit"]),
    ],
)
def test_what_lies_on_the_chat(
    sit_down: Sit, chats: str, size: tuple[int, int], theme: str, names: list[str]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        for name in names:
            await desk.press(*DIALOGS[name])
            await desk.until(lambda: desk.app.screen is not desk.chat)
            await show(desk, f"{name}-{'large' if size == LARGE else 'small'}")
            await back(desk)
            await desk.press("escape")

    sit_down(visit, size=size, theme=theme, conversation=chats)


def test_what_is_changed_and_what_is_wrong(sit_down: Sit, chats: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press("f4")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        desk.app.screen.query_one("#temperature", Input).value = "1.5"
        desk.app.screen.query_one("#top_p", Input).value = "7"
        await desk.press("ctrl+s")
        await show(desk, "settings-wrong")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


@pytest.mark.parametrize(
    ("size", "theme", "name"), [(LARGE, DARK, "large"), (SMALL, LIGHT, "small")]
)
def test_the_models(
    sit_down: Sit,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    theme: str,
    name: str,
) -> None:
    rows = [
        Row("genesis-152m-instruct", "152M · int8 · 163.1 MB", "", "Installed"),
        Row("smollm2-135m-instruct", "llama · 98.4 MB · apache-2.0", "", "Installed"),
        Row("old", "", "It is damaged; pull it again.", "Installed"),
        Row("builtin", "4.32M · bfloat16 · 13.5 MB", "", DEMO),
        *(
            Row(f"Qwen/Qwen3-{n}B", f"qwen3 · {n}.2 GB · apache-2.0", "", CACHED)
            for n in range(1, 9)
        ),
    ]
    monkeypatch.setattr(models, "model_rows", lambda: rows)

    async def visit(desk: Desk) -> None:
        await desk.press("f2")
        await desk.until(lambda: "genesis-152m" in desk.seen())
        await show(desk, f"models-{name}")

    sit_down(visit, size=size, theme=theme)


def test_the_trash(sit_down: Sit, chats: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        desk.chat.action_trash()
        await desk.until(lambda: "Empty trash" in desk.seen())
        await show(desk, "trash")

    sit_down(visit, size=SMALL, theme=DARK, conversation=chats)
