"""Slash commands in the composer: offered, done, refused, put right."""

from collections.abc import Callable

import pytest
from desk import Desk
from textual.widgets import OptionList

Sit = Callable[..., None]


def test_slash_offers_commands_and_completes_them(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("slash")
        offered = desk.chat.query_one("Completion", OptionList)
        await desk.until(lambda: offered.display)
        assert offered.option_count > 10
        await desk.press(*"sys")
        await desk.until(lambda: offered.option_count == 1)
        await desk.press("tab")
        assert desk.chat.composer.text.strip() == "/system"
        await desk.press("escape")
        assert not desk.turns_begun()

    sit_down(visit)


@pytest.mark.parametrize(
    "text", ["/usr/bin/env is what?", "//new", "/* what? */", " /new", " /nothing"]
)
def test_what_is_no_command_is_a_message(sit_down: Sit, text: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(text)
        assert desk.stored()[0].content == text

    sit_down(visit)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/searches cats", "Unknown command /searches. Did you mean /search?"),
        ("/qqqqqq", "Unknown command /qqqqqq. Type / to see all commands."),
        ("/new cats", "/new takes no argument."),
    ],
)
def test_a_command_that_is_wrong_is_refused_and_stays(
    sit_down: Sit, text: str, told: str
) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write(text)
        await desk.press("enter")
        await desk.until(lambda: desk.told(told))
        assert desk.chat.composer.text == text
        assert not desk.turns_begun() and not desk.stored()

    sit_down(visit)


def test_exit_leaves_as_in_plain_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("/exit")
        await desk.press("enter")
        await desk.until(lambda: desk.app.return_code == 0)

    sit_down(visit)


@pytest.mark.parametrize(
    ("typed", "offer", "completed"),
    [
        ("/mod", "/model", "/model "),
        ("/model b", "builtin", "/model builtin"),
        ("/set temp", "temperature", "/set temperature "),
        ("/theme dra", "dracula", "/theme dracula"),
    ],
)
def test_what_may_follow_a_command_is_offered(
    sit_down: Sit, typed: str, offer: str, completed: str
) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write(typed)
        offered = desk.chat.query_one("Completion", OptionList)
        await desk.until(lambda: offered.display)
        assert offer in str(offered.get_option_at_index(0).prompt)
        await desk.press("tab")
        assert desk.chat.composer.text == completed
        assert not desk.turns_begun()

    sit_down(visit)


@pytest.mark.parametrize(
    "command",
    ["/set temperature abc", "/theme nosuch", "/attach /nowhere", "/export x.exe"],
)
def test_a_command_that_fails_can_be_put_right(sit_down: Sit, command: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        desk.chat.composer.write(command)
        await desk.press("escape", "enter")
        await desk.until(lambda: desk.app._notifications)
        await desk.until(lambda: desk.chat.composer.text == command)

    sit_down(visit)


@pytest.mark.parametrize("command", ["attach", "export"])
@pytest.mark.parametrize("path", ["~nosuchuser9/x.md", f"/tmp/{'a' * 300}.md"])
def test_a_path_that_cannot_be_is_told(sit_down: Sit, command: str, path: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        desk.chat.composer.write(f"/{command} {path}")
        await desk.press("escape", "enter")
        await desk.until(lambda: desk.app._notifications)
        assert desk.told(path[:20])

    sit_down(visit)
