"""The settings of a chat: the dialog and `/set`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from textual.widgets import Input, Static
from turns import GREEDY

from genesis_chat.history import Store
from genesis_chat.settings import GenerationSettings

Sit = Callable[..., None]
BOB = "My name is Bob."


def test_settings_belong_to_the_chat_and_show_the_defaults(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.dialog("f4")
        # All but `thinking`, which this model has no use for.
        assert "changed, default" not in desk.seen()
        desk.app.screen.query_one("#temperature", Input).value = "0.5"
        await desk.until(lambda: desk.seen().count("changed, default") == 1)
        assert "default 0" in desk.seen()
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.open.settings.temperature == 0.5
        with Store.open(desk.path) as store:
            kept = store.latest()
            assert kept and dict(kept.settings) == {"temperature": 0.5}
        await desk.press("ctrl+n")
        assert desk.open.settings.temperature == 0
        assert kept
        await desk.chat.pane.open(kept.id)
        assert desk.open.settings.temperature == 0.5
        await desk.dialog("f4")
        desk.app.screen.query_one("#temperature", Input).value = "-3"
        await desk.press("ctrl+s")
        await desk.until(lambda: "Temperature must be" in state(desk, "temperature"))
        assert desk.app.screen is not desk.chat
        await desk.press("escape")
        await desk.closed()
        assert desk.open.settings.temperature == 0.5

    sit_down(visit)


def state(desk: Desk, name: str) -> str:
    """What is said of a setting in its row."""
    return str(desk.app.screen.query_one(f"#state-{name}", Static).content)


def test_the_name_of_what_is_changed_stands_out(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f4")

        def bold() -> list[str]:
            names = desk.app.screen.query(".row .name")
            return [str(each.render()) for each in names if each.rich_style.bold]

        for name in ("Reply length", "Temperature", "Top-k"):
            await desk.until(lambda name=name: bold() == [name])
            await desk.press("tab")

    sit_down(visit)


def test_settings_can_be_changed_while_the_seed_is_open(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.command("/set max_tokens 3")
        await desk.until(lambda: desk.open.changed == {"max_tokens": 3})
        await desk.dialog("f4")
        desk.app.screen.query_one("#top_k", Input).value = "9"
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.open.changed == {"max_tokens": 3, "top_k": 9}

    sit_down(visit, settings=GenerationSettings())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/set top_p 7", "top_p"),
        ("/set temperature warm", "temperature"),
        ("/set colour red", "colour"),
        ("/set top_k", "top_k"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(
    sit_down: Sit, text: str, says: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.command(text)
        await desk.until(lambda: desk.told(says))
        assert not desk.open.changed

    sit_down(visit)


def test_the_settings_take_keys_at_once_and_say_what_is_the_default(
    sit_down: Sit,
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.command("/set max_tokens 3")
        await desk.until(lambda: desk.open.changed == {"max_tokens": 3})
        await desk.dialog("f4")
        assert isinstance(desk.app.focused, Input)
        desk.app.screen.query_one("#top_p", Input).value = "much"
        desk.app.screen.query_one("#min_p", Input).value = "7"
        await desk.pilot.pause()
        for name, says in (
            ("max_tokens", f"changed, default {GREEDY.max_tokens}"),
            # By the names and in the digits that stand there.
            ("top_p", "Top-p must be a number or auto"),
            ("min_p", "Min-p must be at least 0 and at most 1, not 7."),
            ("ttt", "let the model adapt as it reads"),
            ("top_k", "auto (50) · sample from"),
            ("temperature", "randomness; 0 always"),
        ):
            assert state(desk, name).startswith(says), name
        assert desk.seen().lower().count("test-time training") == 1

    sit_down(visit)


def test_a_reply_may_be_as_long_as_fits_and_seeds_are_bounded(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.command("/set max_tokens 3")
        await desk.until(lambda: desk.open.changed == {"max_tokens": 3})
        await desk.dialog("f4")
        length, seed = (
            desk.app.screen.query_one(f"#{name}", Input)
            for name in ("max_tokens", "seed")
        )
        length.value, seed.value = "auto", str(2**63)
        await desk.press("ctrl+s")
        assert desk.app.focused is seed
        assert str(2**63 - 1) in state(desk, "seed")
        # Said once, and nothing else is.
        await desk.until(lambda: desk.seen().count("must be") == 1)
        seed.value = str(2**63 - 1)
        await desk.press("ctrl+s")
        changed = {"max_tokens": None, "seed": 2**63 - 1}
        await desk.until(lambda: desk.open.changed == changed)
        for wrong in ("-1", str(2**64)):
            await desk.command(f"/set seed {wrong}")
        assert desk.open.changed == changed
        await desk.command("/set seed none")
        await desk.until(
            lambda: desk.open.changed == {"max_tokens": None, "seed": None}
        )
        await desk.command("/set max_tokens 3")
        await desk.command("/set max_tokens auto")
        await desk.until(
            lambda: desk.open.changed == {"max_tokens": None, "seed": None}
        )
        await desk.say(BOB)
        (chat,) = [c for c in Store.open(desk.path).conversations()]
        assert chat.settings == {"max_tokens": None, "seed": None}
        receipt = desk.stored()[-1].receipt
        assert receipt and receipt.settings["max_tokens"] == 512

    sit_down(visit)


def test_a_seed_that_an_older_version_took_is_left_out(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = store.create(title="Old", system="")
        store.add(chat.id, "user", "hello", parent=None)
        store.set_settings(chat.id, {"seed": 2**64 + 5, "top_k": 7})

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.changed == {"top_k": 7})
        assert any("seed" in n.message for n in desk.app._notifications)

    sit_down(visit, conversation=chat.id)
