"""What is begun, while something that was asked before is shown and worked on."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from desk import Desk
from keys import send

from genesis_chat.history import Store
from genesis_chat.tui.widgets.recall import Recall

Sit = Callable[..., None]


async def begin(desk: Desk) -> None:
    """Write "abc" below a reply, and have an empty line in place of a question."""
    await desk.say("Hello!")
    await desk.press(*"abc", "up")
    assert desk.chat.composer.text == "Hello!"
    await desk.press("ctrl+k")
    assert desk.chat.composer.text == ""


def test_what_was_begun_outlasts_an_editor(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = ["Hello!\n", "Hello, you!\n"]

    async def visit(desk: Desk) -> None:
        monkeypatch.setattr(type(desk.app), "suspend", lambda self: nullcontext())
        monkeypatch.setattr("click.edit", lambda *_, **__: edited.pop(0))
        composer = desk.chat.composer
        await desk.say("Hello!")
        await desk.press(*"abc", "up", "ctrl+g")
        # Saved as it was, it is the question still.
        assert composer.text == "Hello!" and composer.draft == "abc"
        await desk.press("ctrl+g")
        assert not edited
        assert composer.text == composer.draft == "abc\n\nHello, you!"

    sit_down(visit)


def test_a_command_in_its_place_leaves_it_to_its_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        first = desk.open.id
        send(desk, "/new\rxyz")
        await desk.until(lambda: not desk.open.id and desk.chat.composer.text)
        await desk.until(lambda: desk.chat.composer.text == "xyz")
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.draft(first) == "abc")
        await desk.chat.pane.open(first)
        assert desk.chat.composer.text == "abc"

    sit_down(visit)


def test_a_command_that_is_put_right_is_without_it(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        composer = desk.chat.composer
        await desk.press(*"/titlex x", "enter")
        await desk.until(lambda: composer.text == "/titlex x")
        assert composer.draft == "abc\n\n/titlex x"
        await desk.press(*["backspace"] * 3, *" x", "enter")
        await desk.until(lambda: desk.open.title == "x")
        await desk.until(lambda: composer.text == "abc")
        # Nothing of what may be completed is of it, either.
        await desk.press("up", "ctrl+k", *"/att", "enter")
        await desk.until(lambda: composer.text == "/attach ")
        await desk.press("ctrl+u", "down")
        assert composer.draft == "abc"

    sit_down(visit)


def test_a_question_that_is_sent_again_gives_it_back(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await begin(desk)
        composer = desk.chat.composer
        send(desk, "two\rthree\r")
        await desk.idle()
        await desk.until(lambda: len(desk.stored()) == 6)
        asked = [m.content for m in desk.stored() if m.role == "user"]
        assert asked == ["Hello!", "two", "three"] and composer.text == "abc"

    sit_down(visit)


def test_questions_that_are_gone_take_nothing_with_them() -> None:
    recall = Recall()
    recall.set_questions(["Hello!"])
    assert recall.step(1, "abc", str) == "Hello!"
    recall.set_questions([])
    assert recall.unsent("Hello!") == "abc"
    assert recall.step(-1, "Hello!", str) == "abc" and not recall.on
    left = recall.leave()
    recall.go_back(left)
    assert recall.unsent("abc") == "abc"
