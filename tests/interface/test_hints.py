"""The footer names the keys of what has the focus, and they can be clicked."""

from collections.abc import Callable

from desk import Desk
from talking import Talking

from genesis_chat.tui.widgets.footer import Hints

Sit = Callable[..., None]
SIZE = (140, 36)


def footer(desk: Desk) -> str:
    return desk.seen().splitlines()[-1]


def test_the_footer_follows_the_focus(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        for keys, words in (
            ([], ("F1 help", "Ctrl+P commands")),
            (["ctrl+up"], ("C copy", "R again", "F branch", "D delete")),
            (["escape", "ctrl+f"], ("Enter open", "Esc close")),
            (["enter"], ("Enter open", "R rename", "P pin")),
        ):
            await desk.press(*keys)
            for word in words:
                await desk.until(lambda word: word in footer(desk), word)
        desk.chat.composer.focus()
        await desk.press("f5")
        opened = "F5 close   F6 colour   Tab panel   F1 help"
        await desk.until(lambda: footer(desk).strip().startswith(opened))
        assert "F5 mixers" not in footer(desk)
        await desk.press("tab")
        panel = "↑ ↓ layer   Enter explain   F5 close   F6 colour   Esc back"
        await desk.until(lambda: footer(desk).strip().startswith(panel))
        await desk.press("escape")
        assert desk.chat.composer.has_focus
        await desk.press("f5")
        await desk.until(lambda: footer(desk).strip().startswith("F1 help"))

    sit_down(visit, size=SIZE)


def test_what_the_mixers_offer_is_clicked(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.until(lambda: "Tab panel" in footer(desk))
        for word, done in (
            ("panel", lambda: desk.chat.panel.has_focus),
            ("back", lambda: desk.chat.composer.has_focus),
            ("colour", lambda: desk.chat.watching.watch.mode == "attention"),
            ("close", lambda: not desk.chat.panel.display),
        ):
            await desk.until(lambda word=word: word in footer(desk))
            place = footer(desk).index(word) - desk.chat.query_one(Hints).region.x
            await desk.pilot.click(Hints, offset=(place, 0))
            await desk.until(done)

    sit_down(visit, size=SIZE)


def test_an_open_explanation_is_offered_to_be_closed(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.say("My name is Bob.")
        await desk.press("tab", "down")
        await desk.until(lambda: "Enter explain" in footer(desk))
        await desk.press("enter")
        await desk.until(lambda: "Esc fold" in footer(desk))
        assert "explain" not in footer(desk) and "back" not in footer(desk)
        await desk.pilot.click(Hints, offset=(footer(desk).index("fold"), 0))
        await desk.until(lambda: not desk.chat.panel.explanation)
        await desk.until(lambda: "Esc back" in footer(desk))
        assert desk.chat.panel.has_focus

    sit_down(visit, size=SIZE)


def test_messages_are_offered_once_there_are_any(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "F5 mixers" in footer(desk))
        assert "messages" not in footer(desk)
        await desk.say("My name is Bob.")
        await desk.until(lambda: "Alt+↑ messages" in footer(desk))
        await desk.press("ctrl+n")
        await desk.until(lambda: "messages" not in footer(desk))

    sit_down(visit, size=SIZE)


def test_the_key_that_stops_is_named_while_a_reply_comes(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        assert "Esc stop" not in footer(desk)
        desk.chat.composer.write("Tell me a story")
        desk.chat.composer.send()
        await desk.until(lambda: footer(desk).strip().startswith("Esc stop"))
        # The first one; a click does what the key does.
        await desk.pilot.click(Hints, offset=(1, 0))
        await desk.idle()
        assert desk.stored()[-1].status == "interrupted"
        await desk.until(lambda: "Esc stop" not in footer(desk))

    sit_down(visit, size=SIZE, engine=Talking())


def test_changed_keys_are_named_and_pressed(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "F9 help" in footer(desk))
        await desk.pilot.click(Hints, offset=(1, 0))
        await desk.until(lambda: desk.app.screen is not desk.chat)

    sit_down(visit, size=SIZE, keys={"app.help": "f9"})
