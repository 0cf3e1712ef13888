"""The context menu of a message, a chat, a block of code and the composer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from textual.events import MouseDown
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Markdown, OptionList

from genesis_chat.history import Role, Store
from genesis_chat.tui.dialogs.menu import Menu
from genesis_chat.tui.terminal import clipboard
from genesis_chat.tui.widgets.code import Fence
from genesis_chat.tui.widgets.composer import Composer

Sit = Callable[..., None]
CODE = "Two.\n\n```py\na = 1\n```\n\n```py\nb = 2\n```\n\n[there](https://example.org)"
RIGHT = 3


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "PROGRAMS", ())
    monkeypatch.setattr(clipboard, "READERS", ())


def keep(desk: Desk, *texts: str, title: str = "Kept") -> str:
    """A chat with these messages, by turns the person's and replies; its id."""
    with Store.open(desk.path) as store:
        id, parent = store.create(title=title).id, None
        for place, text in enumerate(texts):
            role: Role = "assistant" if place % 2 else "user"
            parent = store.add(id, role, text, parent=parent).id
    return id


async def right(desk: Desk, widget: Widget, at: tuple[int, int] = (1, 0)) -> None:
    """Press the right button on a widget, and wait for the menu."""
    await desk.until(lambda: widget.region.height)
    await desk.pilot.pause()
    await desk.pilot.click(widget, offset=at, button=RIGHT)
    await desk.until(lambda: isinstance(desk.app.screen, Menu))
    await desk.pilot.pause()


def offered(desk: Desk) -> list[str]:
    """The texts of the menu's entries, without their keys."""
    listed = desk.app.screen.query_one(OptionList)
    return [str(option.prompt).split("   ")[0].strip() for option in listed.options]


async def choose(desk: Desk, text: str) -> None:
    """Choose an entry by the arrows."""
    await desk.press(*["down"] * offered(desk).index(text), "enter")
    await desk.until(lambda: not isinstance(desk.app.screen, Menu))
    await desk.pilot.pause()


def test_of_a_message(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.chat.pane.open(keep(desk, "One?", "Two.", "Three?", "Four."))
        await right(desk, desk.views[2])
        assert offered(desk) == ["Copy", "Edit", "Regenerate", "Branch", "Delete"]
        await choose(desk, "Copy")
        assert desk.app.clipboard == "Three?"
        assert desk.app.focused is desk.views[2]
        # The letters of the entries choose as well.
        await desk.press("m")
        await desk.until(lambda: isinstance(desk.app.screen, Menu))
        await desk.press("d")
        await desk.until(lambda: "Delete this message" in desk.seen())
        await desk.press("y")
        await desk.closed()
        await desk.until(lambda: desk.texts == ["One?", "Two."])

    sit_down(visit)


def test_closed_without_a_choice(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.chat.pane.open(keep(desk, "One?", "Two."))
        for way in ("escape", "outside", "right outside", "resize"):
            await right(desk, desk.views[0])
            menu = desk.app.screen
            if way == "escape":
                await desk.press("escape")
            elif way == "resize":
                await desk.pilot.resize_terminal(100, 30)
            else:
                button = RIGHT if way.startswith("right") else 1
                await desk.pilot.click(offset=(100, 20), button=button)
            await desk.until(lambda menu: desk.app.screen is not menu, menu)
            await desk.closed()
            assert desk.texts == ["One?", "Two."] and not desk.app.clipboard

    sit_down(visit)


def test_a_click_chooses(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.chat.pane.open(keep(desk, "One?", "Two."))
        await right(desk, desk.views[1], (4, 0))
        listed = desk.app.screen.query_one(OptionList)
        place = offered(desk).index("Copy")
        await desk.pilot.click(listed, offset=(2, 1 + place))
        await desk.closed()
        assert desk.app.clipboard == "Two."

    sit_down(visit)


def test_of_a_block_of_code(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.chat.pane.open(keep(desk, "One?", CODE))
        await desk.until(lambda: len(desk.chat.query(Fence)) == 2)
        second = desk.chat.query(Fence)[1]
        await desk.until(lambda: second.region.height > 2)
        await right(desk, second, (3, 2))
        assert offered(desk)[:2] == ["Copy code", "Copy"]
        # The key that copies code names itself.
        listed = desk.app.screen.query_one(OptionList)
        assert str(listed.options[0].prompt).split() == ["Copy", "code", "B"]
        assert len(offered(desk)) == len(set(offered(desk)))
        await choose(desk, "Copy code")
        assert desk.app.clipboard == "b = 2"

    sit_down(visit)


def test_a_right_click_opens_no_link(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.chat.pane.open(keep(desk, "One?", CODE))
        await desk.until(lambda: "there" in desk.seen())
        body = desk.views[1].query_one(Markdown)
        link = body.children[-1]
        await desk.until(lambda: link.region.height > 0)
        await right(desk, link, (1, 0))
        await desk.press("escape")
        await desk.closed()
        await desk.pilot.click(link, offset=(1, 0))
        await desk.until(lambda: "Open this in your browser?" in desk.seen())

    sit_down(visit)


def test_of_a_chat_in_the_list(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        first = keep(desk, "One?", title="First")
        keep(desk, "Two?", title="Second")
        desk.chat.chats.reload(desk.open.id)
        await desk.idle()
        listed = desk.chat.query_one("#conversations", OptionList)
        await desk.until(lambda: first in [o.id for o in listed.options])
        row = listed._index_to_line[listed.get_option_index(first)]
        await right(desk, listed, (5, row))
        # Nothing is opened by it.
        assert desk.open.id == "" and listed.highlighted is not None
        assert offered(desk) == ["Open", "Rename", "Pin or unpin", "Delete", "Export"]
        await choose(desk, "Delete")
        await desk.until(lambda: first not in [o.id for o in listed.options])
        # A label of the list has no menu.
        await desk.pilot.click(listed, offset=(5, 0), button=RIGHT)
        assert not isinstance(desk.app.screen, Menu)
        await desk.press("down", "m")
        await desk.until(lambda: isinstance(desk.app.screen, Menu))
        assert desk.app.screen.query_one(OptionList).region.y > listed.region.y
        await choose(desk, "Open")
        await desk.until(lambda: desk.open.title == "Second")

    sit_down(visit)


def test_of_the_composer(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await right(desk, composer)
        assert offered(desk) == [
            "Paste",
            "System prompt",
            "Settings",
            "External editor",
        ]
        await desk.press("escape")
        await desk.closed()
        await desk.press(*"ab")
        await right(desk, composer)
        await choose(desk, "Select all")
        assert composer.selected_text == "ab"
        await right(desk, composer)
        # What it is about stays in sight.
        listed = desk.app.screen.query_one(OptionList)
        assert not listed.region.overlaps(composer.region)
        assert desk.app.screen.region.contains_region(listed.region)
        assert offered(desk)[:4] == ["Cut", "Copy", "Paste", "Undo"]
        await choose(desk, "Cut")
        assert (composer.text, desk.app.clipboard) == ("", "ab")
        await right(desk, composer)
        await choose(desk, "Undo")
        assert composer.text == "ab"

    sit_down(visit)


def test_what_was_copied_in_here_is_pasted_where_nobody_tells(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await right(desk, composer)
        await choose(desk, "Paste")
        await desk.until(lambda: desk.told("your terminal's own key"))
        assert composer.text == ""
        desk.app.copy_to_clipboard("one\ntwo")
        await desk.press(*"ab", "left")
        await right(desk, composer, (1, 0))
        await choose(desk, "Paste")
        await desk.until(lambda: "one" in composer.text)
        assert composer.text.replace("one\ntwo", "", 1) == "ab"
        assert composer.has_focus

    sit_down(visit)


def test_a_program_tells_what_is_in_the_clipboard(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    # The first fails, as where a picture is in it.
    programs = ((("cat", str(tmp_path / "none")), None), (("cat", str(held)), None))
    monkeypatch.setattr(clipboard, "READERS", programs)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("SSH_TTY", raising=False)

    async def visit(desk: Desk) -> None:
        held.write_bytes("é\r\n\x1b[31mred".encode() + b"\xff")
        composer = desk.chat.composer
        # At once: what is typed right behind it follows it.
        await desk.press("ctrl+v", "x")
        assert composer.text == "é\n␛[31mred\ufffdx"
        held.write_text("long\n" * 5000)
        await desk.press("ctrl+v")
        assert len(composer.text) < 200 and "long\n" * 5000 in composer.whole
        composer.write("")
        # So can a line of a dialog, where it is one line.
        held.write_text("two\nwords")
        await desk.press("ctrl+f", "ctrl+v")
        await desk.until(lambda: "two words" in desk.seen())
        # Over a connection it would be another computer's clipboard.
        monkeypatch.setenv("SSH_CONNECTION", "there")
        assert clipboard.clipboard_text() == ""

    sit_down(visit)


@pytest.mark.parametrize("at", [(0, 0), (79, 0), (0, 23), (79, 23)])
def test_inside_the_screen(sit_down: Sit, at: tuple[int, int]) -> None:
    async def visit(desk: Desk) -> None:
        await desk.chat.pane.open(keep(desk, "One?", CODE))
        view = desk.views[1]
        from genesis_chat.tui.widgets.menu_request import MenuWanted

        view.post_message(MenuWanted(Offset(*at)))
        await desk.until(lambda: isinstance(desk.app.screen, Menu))
        await desk.pilot.pause()
        listed = desk.app.screen.query_one(OptionList)
        assert desk.app.screen.region.contains_region(listed.region)
        assert listed.region.height == len(offered(desk)) + 2
        for text in offered(desk):
            assert text in desk.seen()

    sit_down(visit, size=(80, 24))


def test_a_press_of_the_right_button_leaves_what_is_selected() -> None:
    event = MouseDown(None, 1, 1, 0, 0, RIGHT, False, False, False)
    Composer().on_mouse_down(event)
    assert event._no_default_action


def test_versions_are_offered_where_there_are_any(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id = store.create(title="Kept").id
            asked = store.add(id, "user", "One?", parent=None).id
            for text in ("First.", "Second.", "Third."):
                store.add(id, "assistant", text, parent=asked)
        await desk.chat.pane.open(id)
        ways = {
            "Third.": ["Previous version"],
            "Second.": ["Previous version", "Next version"],
            "First.": ["Next version"],
        }
        for text, expected in ways.items():
            await desk.until(lambda text=text: desk.texts == ["One?", text])
            await right(desk, desk.views[1])
            assert [each for each in offered(desk) if "version" in each] == expected
            await desk.press("escape")
            await desk.closed()
            await desk.press("left")

    sit_down(visit)
