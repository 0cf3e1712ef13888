"""Acting on messages: every alternative stays, and nothing goes for good."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from talking import Talking
from textual.widgets import Button, TextArea

from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.text import sanitize
from genesis_chat.tui.app import GenesisApp
from genesis_chat.tui.dialogs.confirm import Confirm
from genesis_chat.tui.dialogs.edit import EditMessage

Sit = Callable[..., None]
BOB, ASK = "My name is Bob.", "What is my name?"


def test_regenerate_and_browse(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.say("What are you made of?")
        await desk.turn("ctrl+r")
        assert len(desk.views) == 4
        last = desk.views[-1].shown
        assert (last.place, last.places) == (2, 2)
        await desk.until(lambda: "‹ 2 of 2 ›" in desk.seen())
        await desk.press("ctrl+up", "left")
        await desk.until(lambda: desk.views[-1].shown.place == 1)
        await desk.press("right")
        await desk.until(lambda: desk.views[-1].shown.place == 2)
        with Store.open(desk.path) as store:
            latest = store.latest()
            assert latest and len(store.messages(latest.id)) == 5

    sit_down(visit)


def test_edit_and_resend(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.say(ASK)
        desk.views[0].focus()
        await desk.press("e")
        await desk.until(lambda: isinstance(desk.app.screen, EditMessage))
        area = desk.app.screen.query_one(TextArea)
        assert area.text == BOB
        area.text = "My name is Anna."
        await desk.turn("ctrl+s")
        assert desk.texts[:1] == ["My name is Anna."]
        assert len(desk.views) == 2
        await desk.say(ASK)
        assert "Anna" in desk.texts[-1]
        desk.views[0].focus()
        await desk.press("left")
        await desk.until(lambda: desk.texts[:1] == [BOB])
        assert "Bob" in desk.texts[-1] and len(desk.texts) == 4

    sit_down(visit)


def test_branch_into_a_new_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.say("What are you made of?")
        first = desk.open.conversation
        desk.views[1].focus()
        await desk.press("f")
        await desk.until(lambda: len(desk.views) == 2)
        assert desk.open.conversation and first
        assert desk.open.conversation.id != first.id
        await desk.say(ASK)
        assert "Bob" in desk.texts[-1]
        with Store.open(desk.path) as store:
            assert len(store.branch(first.id)) == 4

    sit_down(visit)


def test_delete_asks_first_and_can_be_undone(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.say(ASK)
        texts = desk.texts
        desk.views[2].focus()
        await desk.press("d")
        await desk.until(lambda: isinstance(desk.app.screen, Confirm))
        await desk.press("n")
        assert desk.texts == texts
        await desk.press("d")
        await desk.until(lambda: isinstance(desk.app.screen, Confirm))
        await desk.pilot.click(desk.app.screen.query_one("#yes", Button))
        await desk.until(lambda: desk.texts == texts[:2])
        await desk.press("ctrl+t")
        await desk.until(lambda: desk.texts == texts)
        assert [m.content for m in desk.stored()] == texts

    sit_down(visit)


def test_copy_says_through_what(
    sit_down: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "pbcopy"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/copied\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)

    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.press("ctrl+up", "c")
        await desk.until(lambda: "pbcopy" in desk.seen())
        assert (tmp_path / "copied").read_text() == desk.texts[-1]
        monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
        await desk.press("c")
        await desk.until(lambda: "OSC 52" in desk.seen())
        assert desk.app.clipboard == desk.texts[-1]

    sit_down(visit)


def test_copy_code_takes_the_code_alone(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")

    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id = store.create(title="code").id
            one = store.add(id, "user", "code?", parent=None)
            text = "Here:\n\n```python\ndef f():\n    return 1\n```\n\nand ~~~ so"
            store.add(id, "assistant", text, parent=one.id)
        await desk.chat.pane.open(id)
        await desk.press("ctrl+up", "b")
        assert desk.app.clipboard == "def f():\n    return 1"

    sit_down(visit)


def test_copy_code_takes_one_block_after_the_other(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")

    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id = store.create(title="code").id
            one = store.add(id, "user", "code?", parent=None)
            # The last one was cut before it closed.
            text = "```\none\n```\n\n10. in a list\n    ```js\n    two"
            store.add(id, "assistant", text, parent=one.id)
        await desk.chat.pane.open(id)
        await desk.press("ctrl+up")
        for expected in ("one", "two", "one"):
            await desk.press("b")
            assert desk.app.clipboard == expected
        await desk.until(lambda: desk.told("code block 2 of 2"))

    sit_down(visit)


def test_what_is_being_written_can_be_copied(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")

    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: len(desk.written) > 40)
        await desk.press("ctrl+up", "c", "escape")
        await desk.idle()
        assert len(desk.app.clipboard) > 40
        assert sanitize(desk.stored()[-1].content).startswith(desk.app.clipboard)
        desk.chat.composer.write("some words")
        desk.chat.composer.focus()
        desk.chat.composer.select_all()
        # Through the same programs as a message, and said.
        await desk.press("ctrl+c")
        assert desk.app.clipboard == "some words"
        await desk.until(lambda: "Copied the selection" in desk.seen())

    sit_down(visit, engine=Talking())


def test_leaving_an_edited_message_asks_first(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.press("ctrl+up", "up", "e")
        await desk.until(lambda: isinstance(desk.app.screen, EditMessage))
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat)
        await desk.press("ctrl+up", "up", "e")
        await desk.until(lambda: isinstance(desk.app.screen, EditMessage))
        await desk.press(*"xyz")
        await desk.press("escape")
        await desk.until(lambda: "Discard your changes?" in desk.seen())
        await desk.press("n")
        await desk.until(lambda: isinstance(desk.app.screen, EditMessage))
        screen = desk.app.screen
        assert isinstance(screen, EditMessage) and screen.area.text.endswith("xyz")
        await desk.press("escape")
        await desk.until(lambda: "Discard" in desk.seen())
        await desk.press("y")
        await desk.until(lambda: desk.app.screen is desk.chat)
        assert len(desk.stored()) == 2

    sit_down(visit)


def test_a_refused_continuation_leaves_the_message_as_it_was(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.turn("ctrl+o")
        await desk.until(lambda: "nothing to continue" in desk.seen())
        assert "..." not in desk.seen()

    sit_down(visit)


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("https://a.example/x", "y"),
        ("https://a.example/x", "n"),
        ("ftp://a.example/x", ""),
        ("file:///etc/passwd", ""),
    ],
)
def test_a_link_is_opened_only_when_a_person_says_so(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch, address: str, answer: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(GenesisApp, "open_url", lambda self, url: opened.append(url))

    async def visit(desk: Desk) -> None:
        said = (
            NewMessage("user", BOB, None),
            NewMessage("assistant", f"[press me]({address})", 0),
        )
        with Store.open(desk.path) as store:
            made = store.insert([NewConversation("Links", "", said)])[0]
        await desk.chat.pane.open(made.id)
        await desk.pilot.pause()
        assert not opened
        link = desk.views[-1].query_one("MarkdownParagraph")
        await desk.pilot.click(link, offset=(2, 0))
        if address.startswith("https:"):
            await desk.until(lambda: "Open this in your browser?" in desk.seen())
            assert address in desk.seen() and not opened
            await desk.press(answer)
            await desk.until(lambda: desk.app.screen is desk.chat)
        elif address.startswith("file:"):
            # It is not even a link.
            assert f"[press me]({address})" in desk.seen()
        else:
            await desk.until(lambda: "Not opened, as it is no web page" in desk.seen())
        await desk.pilot.pause()
        assert opened == ([address] if answer == "y" else [])

    sit_down(visit)
