"""Keys and commands: the palette, the list of keys, keys of one's own."""

from collections.abc import Callable

from desk import Desk

Sit = Callable[..., None]


def test_the_palette_offers_actions_with_their_keys(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("ctrl+p")
        await desk.until(lambda: "Ctrl+N" in desk.seen())
        await desk.press(*"system prompt")
        await desk.until(lambda: "Set or edit the system prompt" in desk.seen())
        assert next(r for r in desk.seen().splitlines() if "F8" in r)
        await desk.press("enter")
        await desk.until(lambda: "Always stays in context." in desk.seen())

    sit_down(visit, keys={"chat.system": "f8"})


def test_help_lists_the_keys_as_they_are(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f1")
        row = next(r for r in desk.seen().splitlines() if "what the mixers do" in r)
        assert "F9" in row and "F5" not in row
        await desk.press("escape")
        await desk.closed()
        await desk.press("f9")
        assert desk.chat.panel.display

    sit_down(visit, keys={"chat.mixers": "f9"}, size=(120, 50))


def test_a_new_chat_names_the_keys_as_they_are(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        rows = [row.split() for row in desk.seen().splitlines()]
        for found in (["F9", "search"], ["Ctrl+P", "all", "commands"]):
            assert any(row[-len(found) :] == found for row in rows)

    sit_down(visit, keys={"chat.search": "f9"})


def test_a_key_for_no_action_is_told(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.told("did you mean 'chat.mixers'?"))
        await desk.until(lambda: desk.told("there are: app.help, app.models,"))

    sit_down(visit, keys={"chat.mixer": "f9", "zzz": "f9", "chats.pin": "f8"})
