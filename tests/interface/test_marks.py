"""Folded texts in the composer, and what was asked before: no word is lost."""

from collections.abc import Callable

import pytest
from desk import Desk
from keys import send
from textual.events import Paste

from genesis_chat.tui.widgets.folding import Folds

Sit = Callable[..., None]
LONG = "\n".join(f"line {n}" for n in range(40))


async def paste(desk: Desk, text: str) -> None:
    desk.app.post_message(Paste(text))
    await desk.until(lambda: "#1]" in desk.chat.composer.text)


def test_a_mark_goes_as_a_whole_and_comes_back(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await desk.press(*"see ")
        await paste(desk, LONG)
        shown = composer.text
        await desk.press("backspace")
        assert composer.whole == "see "
        await desk.press("ctrl+underscore")
        assert composer.text == shown and composer.whole == f"see {LONG}"
        # Inside the mark nothing can be written, nor in front of its last character.
        await desk.press("left", "left", "x")
        assert composer.whole == f"see {LONG}x"
        await desk.press("home", "right", "right", "right", "right", "delete")
        assert composer.whole == "see x"

    sit_down(visit)


def test_a_selection_takes_marks_as_a_whole(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await desk.press(*"one", "ctrl+j")
        await paste(desk, LONG)
        await desk.press("ctrl+j", *"two")
        composer.selection = type(composer.selection)((0, 1), (1, 5))
        await desk.press("x")
        assert composer.whole == "ox\ntwo"

    sit_down(visit)


def test_a_draft_that_was_typed_can_be_edited_later(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        text = "\n".join(f"a thought {n}" for n in range(30))
        # As a terminal sends it: Ctrl+J is a newline.
        send(desk, text)
        await desk.until(lambda: desk.chat.composer.text == text)
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.open.conversation is None)
        assert desk.chat.composer.text == ""
        await desk.press("ctrl+b", "ctrl+b")
        conversation = desk.stored()[0].conversation
        await desk.chat.pane.open(conversation)
        assert desk.chat.composer.text == text

    sit_down(visit)


def test_what_was_written_outlasts_a_look_at_older_questions(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        await desk.say("My name is Bob.")
        await desk.say("What is my name?")
        await desk.press(*"precious", "up")
        assert composer.text == "What is my name?"
        # As at the end of a reply, with a question more.
        composer.recall.set_questions(["Hello!", "What is my name?", "My name is Bob."])
        await desk.press("down", "down")
        assert composer.text == "precious"
        await desk.press("up", "up")
        first = desk.stored()[0].conversation
        await desk.chat.pane.open()
        assert composer.text == ""
        await desk.press("up", "down")
        assert composer.text == ""
        await desk.chat.pane.open(first)
        assert composer.text == "precious"

    sit_down(visit)


@pytest.mark.parametrize(
    ("text", "says"),
    [("one\n", "1 line,"), ("one\ntwo\n", "2 lines,"), ("one\ntwo", "2 lines,")],
)
def test_lines_are_counted_as_people_do(text: str, says: str) -> None:
    assert says in Folds().fold(text, "notes.txt")
