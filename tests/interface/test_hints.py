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
        desk.chat.panel.focus()
        await desk.until(lambda: "Enter explain" in footer(desk))

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
