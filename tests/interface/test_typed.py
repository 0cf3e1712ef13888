"""What is typed, pasted, recalled and edited stays as it came, whatever it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from keys import paste, send
from slow import slow_after
from textual.widget import Widget
from textual.widgets import Input, TextArea

from genesis_chat.history import Store

Sit = Callable[..., None]
# Spaces, joiners, marks, hyphens, tags, private ones, one that is not assigned.
TYPED = (
    "\u3000\u00a0\u202f\u2009\u200a\u200b\u200c\u200d\u00ad\u200e\u200f\u061c\u2060"
    "\ufeff\u180e\ue000\U000e0067\u0378\u2028\u2029\U000f0000"
)
ARABIC = "قال (نعم)\u200f ثم ذهب."
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
TEXTS = [
    ARABIC,
    f"The flag of England {ENGLAND}.",
    "👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f 👍🏽",
    "می\u200cخو क्\u200dष",
    "\u2068Bob\u2069 joined \u202a+972\u202c",
    "a\u00adb\u3000c\u00a0d\u202fe",
    "one\u2028two\u2029three\u0378\ue000",
    "שלום\u200e 12\u200f!",
]


def written(field: Widget) -> str:
    return field.value if isinstance(field, Input) else field.text  # type: ignore[attr-defined]


async def opened(desk: Desk, where: str) -> Widget:
    """The field behind some keys."""
    if where == "title":
        desk.chat.action_rename_chat()
    elif where == "theme":
        desk.app.action_change_theme()
    elif where == "edit":
        await desk.press("ctrl+up", "up", "e")
    elif where:
        await desk.press(where)
    if where not in ("", "ctrl+f"):
        await desk.until(lambda: desk.app.screen is not desk.chat)
    await desk.until(lambda: isinstance(desk.app.focused, Input | TextArea))
    assert desk.app.focused
    return desk.app.focused


@pytest.mark.parametrize(
    "where",
    slow_after(2, ["", "title", "ctrl+f", "ctrl+p", "f3", "edit", "f4", "theme"]),
)
def test_every_field_takes_every_character(sit_down: Sit, where: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        field = await opened(desk, where)
        await desk.press("end")
        before = written(field)
        for character in TYPED:
            send(desk, f"a{character}")
        wanted = "".join(f"a{character}" for character in TYPED)
        if where == "f4" and before:
            before = ""
            await desk.until(lambda: wanted in written(field))
        await desk.until(lambda: written(field).endswith(wanted))
        # C0 and C1 controls are no text.
        send(desk, "\x00\x1c\x9b\x85z")
        await desk.until(lambda: written(field).endswith("z"))
        assert written(field).endswith(f"{wanted}z")

    sit_down(visit)


@pytest.mark.parametrize("text", slow_after(1, TEXTS))
def test_text_is_stored_as_it_came(sit_down: Sit, text: str) -> None:
    async def visit(desk: Desk) -> None:
        send(desk, text)
        await desk.until(lambda: desk.chat.composer.text == text)
        await desk.turn("enter")
        await desk.press("ctrl+n")
        paste(desk, text)
        await desk.until(lambda: desk.chat.composer.text == text)
        await desk.press("x", "ctrl+underscore")
        desk.chat.composer._pasted = float("-inf")
        await desk.turn("enter")
        await desk.press("up")
        assert desk.chat.composer.text == text
        await desk.turn("enter")
        stored = [m.content for m in desk.stored() if m.role == "user"]
        assert stored == [text, text]
        # Edited, copied and kept as a draft.
        await desk.press("ctrl+up", "up", "c")
        assert desk.app.clipboard == text
        await desk.press("e")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        await desk.press("end", "!")
        await desk.turn("ctrl+s")
        assert desk.stored()[-2].content == f"{text}!"
        desk.chat.composer.focus()
        send(desk, text)
        await desk.until(lambda: desk.chat.composer.text == text)
        await desk.press("ctrl+q")
        with Store.open(desk.path) as store:
            assert store.draft(desk.open.id) == text

    sit_down(visit)


def test_titles_and_system_prompts_are_stored_as_they_came(
    sit_down: Sit, tmp_path: Path
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        id = desk.open.id
        for text in TEXTS:
            field = await opened(desk, "title")
            assert isinstance(field, Input)
            await desk.press("ctrl+u", "ctrl+k")
            paste(desk, text)
            await desk.until(lambda field, text: field.value == text, field, text)
            await desk.press("enter")
            await desk.until(lambda: desk.app.screen is desk.chat)
            await desk.press("f3")
            await desk.until(lambda: desk.app.screen is not desk.chat)
            desk.app.screen.query_one(TextArea).text = text
            await desk.press("ctrl+s")
            await desk.until(lambda: desk.app.screen is desk.chat)
            await desk.until(lambda text: desk.open.system == text, text)
            with Store.open(desk.path) as store:
                found = store.find(id)
            assert (found.title, found.system) == (text, text)

    sit_down(visit)


def test_what_was_stored_elsewhere_is_not_changed_by_looking(sit_down: Sit) -> None:
    text = "a\x1b[31mred\r\nb\x9bc\x0bd\x85e\u202ef\u2028g\x7f"

    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id = store.create(title="x\x1b[2J\u202ey").id
            one = store.add(id, "user", text, parent=None)
            store.add(id, "assistant", "Hello, Bob!", parent=one.id)
        await desk.chat.pane.opening.load_questions()
        await desk.press("up")
        assert desk.chat.composer.text == text
        assert "␛[31mred" in desk.seen() and "\x1b" not in desk.seen()
        await desk.press("home", "!")
        await desk.turn("enter")
        assert desk.stored()[0].content == f"!{text}"
        await desk.chat.pane.open(id)
        await opened(desk, "title")
        await desk.press("enter")
        await desk.until(lambda: desk.app.screen is desk.chat)
        with Store.open(desk.path) as store:
            assert store.find(id).title == "x\x1b[2J\u202ey"

    sit_down(visit)


def test_texts_are_drawn_readable(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        for text in TEXTS:
            desk.chat.composer.write(text)
            await desk.pilot.pause()
            assert "U+" not in desk.seen(), ascii(text)
            await desk.turn("enter")
            await desk.until(lambda: "U+" not in desk.seen())
        await desk.chat.pane.open()
        desk.chat.composer.write(
            f"{ARABIC}\n{ENGLAND}\nabc\u200fdef\u202eghi\U000e0041"
        )
        await desk.until(lambda: "قال (نعم)\u200f ثم ذهب." in desk.seen())
        await desk.until(lambda: ENGLAND in desk.seen())
        # Where letters go from left to right a mark has no use, an override never.
        for acts in ("c\u200fd", "\u202e", "\U000e0041"):
            assert acts not in desk.seen()

    sit_down(visit)


def test_a_paste_of_lines_into_one_line_loses_none(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("ctrl+f")
        field = desk.app.focused
        assert isinstance(field, Input)
        paste(desk, "\rone\rtwo")
        await desk.until(lambda: field.value == "one two")

    sit_down(visit)


@pytest.mark.parametrize("where", ["", "ctrl+f"])
def test_a_paste_of_nothing_deletes_nothing(sit_down: Sit, where: str) -> None:
    async def visit(desk: Desk) -> None:
        field = await opened(desk, where)
        send(desk, "kept")
        await desk.until(lambda: written(field) == "kept")
        await desk.press("shift+home")
        paste(desk, "")
        send(desk, "\x1b[F!")
        await desk.until(lambda: written(field) == "kept!")

    sit_down(visit)


def test_a_space_that_indents_stays(sit_down: Sit) -> None:
    text = "\u3000日本語で。\u00a0"

    async def visit(desk: Desk) -> None:
        await desk.say(f" {text}")
        assert desk.stored()[0].content == f" {text}"
        await desk.dialog("f3")
        desk.app.screen.query_one(TextArea).text = f"\n{text} \n"
        await desk.press("ctrl+s")
        await desk.until(lambda: desk.open.system == text)
        await opened(desk, "title")
        await desk.press("ctrl+u", "ctrl+k")
        paste(desk, f"{text} ")
        await desk.press("enter")
        await desk.closed()
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.find(desk.open.id).title == text)
            await desk.command(f"/title {text}! ")
            await desk.until(lambda: store.find(desk.open.id).title == f"{text}!")
        await desk.command(f"/system  {text}!")
        await desk.until(lambda: desk.open.system == f"{text}!")

    sit_down(visit)
