"""Keys and commands: the palette, the list of keys, keys of one's own."""

from collections.abc import Callable

import pytest
from desk import Desk
from keys import send_in_turns

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


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_enter_does_what_was_typed_before_it(sit_down: Sit, turns: int) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("ctrl+p")
        await desk.until(lambda: "Ctrl+N" in desk.seen())
        await send_in_turns(desk, "system prompt\r", turns)
        await desk.until(lambda: "Always stays in context." in desk.seen())
        await desk.press("escape")
        await desk.closed()
        # What is not there does nothing.
        await desk.dialog("ctrl+p")
        await send_in_turns(desk, "qqq\r", turns)
        await desk.until(lambda: "No matches found" in desk.seen())
        await desk.press("escape")
        await desk.closed()

    sit_down(visit)


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
