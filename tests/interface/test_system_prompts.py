"""The system prompt of a chat, and the named ones it may start from."""

from collections.abc import Callable
from pathlib import Path

from desk import Desk
from textual.widgets import Button, OptionList, TextArea

from genesis_chat.history import Store
from genesis_chat.prompts import find

Sit = Callable[..., None]


def test_a_system_prompt_of_the_chat_from_a_named_one(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f3")
        rows = desk.app.screen.query_one(OptionList)
        names = [str(row.prompt) for row in rows.options]
        rows.focus()
        rows.highlighted = names.index("teacher")
        await desk.press("enter")
        area = desk.app.screen.query_one(TextArea)
        await desk.until(lambda: area.text and area.has_focus)
        area.text += "\nBe kind."
        await desk.press("ctrl+s")
        await desk.closed()
        await desk.say("Hello!")
        with Store.open(desk.path) as store:
            kept = store.latest()
            assert kept and kept.system.endswith("Be kind.")
        await desk.command("/system You are a cat.")
        await desk.until(lambda: desk.told("System prompt updated."))
        with Store.open(desk.path) as store:
            kept = store.latest()
            assert kept and kept.system == "You are a cat."
        await desk.dialog("f3")
        desk.app.screen.query_one(TextArea).text = "never mind"
        await desk.press("escape")
        await desk.until(lambda: "Discard" in desk.seen())
        await desk.press("n")
        await desk.until(lambda: "never mind" in desk.seen())
        await desk.press("escape")
        await desk.until(lambda: "Discard" in desk.seen())
        await desk.press("y")
        await desk.closed()
        assert desk.open.system == "You are a cat."

    sit_down(visit)


def test_a_prompt_that_cannot_be_read_hides_none(
    sit_down: Sit, private_home: Path
) -> None:
    folder = private_home / "prompts"
    folder.mkdir(parents=True)
    (folder / "latin.md").write_bytes("Réponds.".encode("latin-1"))
    (folder / "folder.md").mkdir()
    (folder / "good.md").write_text("Good.")

    async def visit(desk: Desk) -> None:
        await desk.dialog("f3")
        offered = desk.app.screen.query_one(OptionList)
        ids = {option.id for option in offered.options}
        assert {"good", "teacher"} <= ids and not {"latin", "folder"} & ids
        told = " ".join(n.message for n in desk.app._notifications)
        assert "latin.md" in told and "folder.md" in told

    sit_down(visit)


def test_a_prompt_is_saved_under_a_name(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f3")
        dialog = desk.app.screen
        dialog.query_one(TextArea).text = "Answer in rhymes."
        dialog.query_one("#name", Button).press()
        await desk.until(lambda: "Enter save" in desk.seen())
        await desk.press(*"poet", "enter")
        await desk.until(lambda: "Saved as poet." in desk.seen())
        assert find("poet").text == "Answer in rhymes."
        names = [str(o.prompt) for o in dialog.query_one(OptionList).options]
        assert "poet" in names
        # A name that is taken is asked about.
        dialog.query_one(TextArea).text = "In prose."
        dialog.query_one("#name", Button).press()
        await desk.until(lambda: "Enter save" in desk.seen())
        await desk.press(*"poet", "enter")
        await desk.until(lambda: "Replace it?" in desk.seen())
        await desk.press("n")
        assert find("poet").text == "Answer in rhymes."

    sit_down(visit)
