"""What is typed where nothing is written: keys of what is there, or a message."""

from collections.abc import Callable

import pytest
from desk import Desk
from keys import paste, send, send_in_turns
from textual.events import AppBlur

from genesis_chat.history import Store

Sit = Callable[..., None]


async def go(desk: Desk, *keys: str) -> None:
    """Go to somewhere else than the composer."""
    await desk.press(*keys)
    await desk.until(lambda: desk.app.focused is not desk.chat.composer)


@pytest.mark.parametrize("where", [["ctrl+up"], ["f5", "tab"], ["f9", "down"]])
def test_it_is_a_message(sit_down: Sit, where: list[str]) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await desk.say("Hello!")
        await go(desk, *where)
        elsewhere = desk.app.focused
        assert elsewhere
        # Letters behind the first one are none of those with a meaning there.
        send(desk, "\u3000wedcr\x7f?\x1b[200~one\rtwo\x1b[201~")
        await desk.until(lambda: composer.text == "\u3000wedc?one\ntwo")
        assert desk.app.focused is composer and len(desk.stored()) == 2
        elsewhere.focus()
        await desk.until(lambda: desk.app.focused is elsewhere)
        paste(desk, " pasted")
        send(desk, "edc")
        await desk.until(lambda: composer.text.endswith("two pastededc"))

    sit_down(visit, keys={"chat.search": "f9"})


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8])
def test_no_key_overtakes_another(sit_down: Sit, turns: int) -> None:
    text = "where did the keys go, that are typed in several turns of the loop?"

    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await go(desk, "ctrl+up")
        before = desk.ended
        await send_in_turns(desk, f"{text}\r", turns)
        await desk.until(lambda: desk.ended > before)
        assert desk.stored()[2].content == text and not desk.chat.composer.text

    sit_down(visit)


@pytest.mark.parametrize("turns", [0, 1, 4])
def test_keys_of_what_is_there_come_first(sit_down: Sit, turns: int) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await go(desk, "ctrl+up")
        await send_in_turns(desk, "cx", turns)
        await desk.until(lambda: desk.chat.composer.text)
        assert desk.chat.composer.text == "x"
        assert desk.app.clipboard == desk.texts[-1]

    sit_down(visit)


@pytest.mark.parametrize("turns", [0, 1, 4])
@pytest.mark.parametrize("behind", ["hello", "hello\r"])
def test_what_follows_enter_in_the_list_is_for_that_chat(
    sit_down: Sit, turns: int, behind: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("One")
        first = desk.open.id
        await desk.press("ctrl+n")
        await desk.say("Two")
        second = desk.open.id
        await desk.press(*"abc")
        await go(desk, "f9", "down")
        desk.chat.chats.select(first)
        await send_in_turns(desk, f"\r{behind}", turns)
        composer = desk.chat.composer
        with Store.open(desk.path) as store:
            if behind.endswith("\r"):
                await desk.until(lambda: len(store.branch(first)) == 4)
                assert store.branch(first)[2].content == "hello"
            else:
                await desk.until(lambda: composer.text == "hello")
            await desk.idle()
            assert desk.open.id == first and len(store.branch(second)) == 2
            await desk.until(lambda: store.draft(second) == "abc")
        await desk.chat.pane.open(second)
        assert composer.text == "abc"

    sit_down(visit, keys={"chat.search": "f9"})


def test_a_key_that_does_nothing_there_is_text(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await go(desk, "ctrl+up")
        # On another reply most of these letters would do something.
        await desk.press(*"hello")
        assert desk.chat.composer.text == "hello"

    sit_down(visit)


def test_one_key_too_many_is_no_text(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await desk.turn("ctrl+r")
        await go(desk, "ctrl+up")
        await desk.press("l")
        assert desk.app.focused is not desk.chat.composer
        await desk.press("h")
        await desk.until(lambda: desk.views[-1].shown.place == 1)
        await go(desk, "ctrl+up")
        await desk.press("h")
        assert desk.chat.composer.text == ""
        assert desk.app.focused is desk.views[-1]

    sit_down(visit)


def test_keys_with_a_meaning_keep_it(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await desk.press("ctrl+up", "x")
        assert desk.chat.composer.text == "x"
        await desk.press("ctrl+up", "c")
        assert desk.app.clipboard == desk.texts[-1]
        await desk.dialog("up", "e")
        assert desk.chat.composer.text == "x"

    sit_down(visit)


@pytest.mark.parametrize("where", ["", "ctrl+f"])
def test_a_paste_comes_though_the_terminal_has_no_focus(
    sit_down: Sit, where: str
) -> None:
    async def visit(desk: Desk) -> None:
        if where:
            await desk.press(where)
        field = desk.app.focused
        desk.app.post_message(AppBlur())
        await desk.until(lambda: desk.app.focused is None)
        paste(desk, "from another pane")
        await desk.until(lambda: desk.app.focused is field)
        name = "value" if where else "text"
        await desk.until(lambda: getattr(field, name) == "from another pane")

    sit_down(visit)
