"""Keys and commands: the palette, the list of keys, keys of one's own."""

from collections.abc import Callable

from desk import Desk

Sit = Callable[..., None]


def test_everything_is_in_the_palette(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        titles = {c.title for c in desk.app.get_system_commands(desk.chat)}
        assert titles >= {
            "New chat",
            "Search",
            "Models",
            "System prompt",
            "Settings",
            "Mixers",
            "Regenerate",
            "Continue",
            "Copy reply",
            "Rename chat",
            "Pin chat",
            "Export chat",
            "Delete chat",
            "Trash",
            "Undo delete",
            "Editor",
            "Theme",
            "Quit",
        }
        await desk.press("ctrl+p", *"system prompt")
        await desk.until(lambda: "Edit this chat's system prompt" in desk.seen())
        await desk.press("enter")
        await desk.until(lambda: "System prompt of this chat" in desk.seen())

    sit_down(visit)


def test_help_lists_the_keys_as_they_are(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f1")
        row = next(r for r in desk.seen().splitlines() if "Mixers" in r)
        assert "f9" in row and "f5" not in row
        await desk.press("escape")
        await desk.closed()
        await desk.press("f9")
        assert desk.chat.panel.display

    sit_down(visit, keys={"chat.mixers": "f9"}, size=(120, 50))


def test_a_key_for_no_action_is_told(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.told("did you mean 'chat.mixers'?"))
        await desk.until(lambda: desk.told("there are: app.help, app.models,"))

    sit_down(visit, keys={"chat.mixer": "f9", "zzz": "f9", "chats.pin": "f8"})
