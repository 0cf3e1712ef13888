"""The composer: lines, pastes, what was asked before, files, commands."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from desk import Desk
from textual.events import Paste
from textual.widgets import OptionList

from genesis_chat.history import Store
from genesis_chat.tui.widgets.composer import AFTER_PASTE_SECONDS

Sit = Callable[..., None]
LONG = "\n".join(f"line {n}" for n in range(40))


def paste(desk: Desk, text: str) -> None:
    desk.app.post_message(Paste(text))


def said(desk: Desk) -> str:
    return "\n".join(each.message for each in desk.app._notifications)


@pytest.mark.parametrize("key", ["shift+enter", "alt+enter", "ctrl+j"])
def test_a_key_breaks_lines_and_enter_sends(sit_down: Sit, key: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"one", key, *"two")
        assert desk.chat.composer.text == "one\ntwo"
        await desk.turn("enter")
        assert desk.stored()[0].content == "one\ntwo"

    sit_down(visit)


def test_enter_and_the_other_keys_can_be_swapped(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"one", "enter", *"two")
        assert desk.chat.composer.text == "one\ntwo"
        await desk.turn("alt+enter")
        assert desk.stored()[0].content == "one\ntwo"

    sit_down(visit, enter_sends=False)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The composer's time in seconds, which passes only when a test says so."""
    seconds = [100.0]
    clock = SimpleNamespace(monotonic=lambda: seconds[0])
    monkeypatch.setattr("genesis_chat.tui.widgets.composer.time", clock)
    return seconds


def test_enter_right_after_a_paste_does_not_send(
    sit_down: Sit, now: list[float]
) -> None:
    async def visit(desk: Desk) -> None:
        paste(desk, "half of it")
        await desk.until(lambda: desk.chat.composer.text)
        now[0] += 0.049
        await desk.press("enter")
        assert desk.chat.composer.text == "half of it\n" and not desk.stored()
        now[0] += 0.051
        await desk.turn("enter")
        assert desk.stored()[0].content == "half of it\n"

    sit_down(visit)


def test_a_long_paste_is_folded_and_sent_whole(sit_down: Sit, now: list[float]) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press(*"Read: ")
        paste(desk, LONG.replace("\n", "\r\n"))
        await desk.until(lambda: "pasted 40 lines" in desk.chat.composer.text)
        assert "\n" not in desk.chat.composer.text
        now[0] += 2 * AFTER_PASTE_SECONDS
        await desk.turn("enter")
        assert desk.stored()[0].content == f"Read: {LONG}"

    sit_down(visit)


def test_up_and_down_go_through_what_was_asked(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hello!")
        await desk.say("My name is Bob.")
        await desk.press(*"draft")
        await desk.press("up")
        assert desk.chat.composer.text == "My name is Bob."
        await desk.press("up")
        assert desk.chat.composer.text == "Hello!"
        await desk.press("up")
        assert desk.chat.composer.text == "Hello!"
        await desk.press("down", "down")
        assert desk.chat.composer.text == "draft"

    sit_down(visit)


def test_a_text_file_is_attached(sit_down: Sit, tmp_path: Path) -> None:
    file = tmp_path / "my notes [b].txt"
    file.write_text("\ufeffsome notes", encoding="utf-8")

    async def visit(desk: Desk) -> None:
        desk.chat.composer.write(f"/attach {file}")
        await desk.press("enter")
        await desk.until(lambda: "[file my notes _b_.txt" in desk.chat.composer.text)
        await desk.turn("enter")
        assert "some notes" in desk.stored()[0].content

    sit_down(visit)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.txt", None, "No such file"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is binary"),
        ("huge.txt", b"x" * (2**20 + 1), "larger than 1 MB"),
        (".", None, "directory"),
    ],
)
def test_a_file_that_cannot_be_attached_is_told(
    sit_down: Sit, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    async def visit(desk: Desk) -> None:
        desk.chat.composer.write(f"/attach {path}")
        # A folder is gone into first.
        await desk.press(*["enter"] * (2 if path.is_dir() else 1))
        await desk.until(lambda: told.split()[0] in desk.seen())
        assert any(told in n.message for n in desk.app._notifications)

    sit_down(visit)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('sed -i s/cat/dog/ "$1"', "my dog"),
        # Ctrl-C goes to both: the interface stays, and the editor may end by it.
        ('kill -INT $PPID; sed -i s/cat/dog/ "$1"', "my dog"),
        ('kill -INT $$; sed -i s/cat/dog/ "$1"', "my cat"),
    ],
)
def test_the_editor_of_a_person_changes_the_message(
    sit_down: Sit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    found: str,
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)

    class Away:
        def __enter__(self) -> None: ...
        def __exit__(self, *error: object) -> None: ...

    async def visit(desk: Desk) -> None:
        # A pilot has no terminal to hand over.
        monkeypatch.setattr(type(desk.app), "suspend", lambda self: Away())
        desk.chat.composer.write("my cat")
        # Editors that change a file within a second of its making.
        os.utime(editor)
        await desk.press("ctrl+g")
        if found == "my cat":
            await desk.until(lambda: "The editor failed" in said(desk))
        await desk.until(lambda: desk.chat.composer.text == found)

    sit_down(visit)


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
        await desk.until(
            lambda: any(told in n.message for n in desk.app._notifications)
        )
        assert desk.chat.composer.text == text
        assert not desk.turns_begun() and not desk.stored()

    sit_down(visit)


def test_exit_leaves_as_in_plain_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("/exit")
        await desk.press("enter")
        await desk.until(lambda: desk.app.return_code == 0)

    sit_down(visit)


def test_a_blank_message_is_not_sent(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write(" \n\t ")
        await desk.press("enter")
        assert not desk.stored() and not desk.turns_begun()

    sit_down(visit)


def test_hostile_pastes_become_text(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        paste(desk, "a\x1b]0;title\x07b\x9b31mc")
        await desk.until(lambda: desk.chat.composer.text)
        assert not any(c in desk.chat.composer.text for c in "\x1b\x07\x9b")

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


def test_files_to_attach_are_offered(
    sit_down: Sit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "Ärger [1].md").write_text("milk")
    (folder / ".hidden").write_text("")
    monkeypatch.chdir(folder)

    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("/attach ")
        offered = desk.chat.query_one("Completion", OptionList)
        await desk.until(lambda: offered.display)
        assert offered.option_count == 1 and offered.highlighted is None
        await desk.press("tab", "tab")
        assert desk.chat.composer.text == "/attach notes/"
        await desk.press("down", "enter")
        await desk.until(lambda: "Ärger _1_.md" in desk.chat.composer.text)
        assert desk.chat.composer.whole == "milk"
        desk.chat.composer.write("/attach .h")
        await desk.until(lambda: offered.display)
        desk.chat.composer.write("/attach nowhere/at/all")
        await desk.until(lambda: not offered.display)

    sit_down(visit)


def test_a_second_file_is_attached_below_what_is_written(
    sit_down: Sit, tmp_path: Path
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"this is {name}")

    async def visit(desk: Desk) -> None:
        composer = desk.chat.composer
        composer.write(f"Compare:\n/attach {tmp_path / 'a.txt'}")
        await desk.press("enter")
        await desk.until(lambda: "a.txt" in composer.whole.splitlines()[-1])
        await desk.press("ctrl+j", *"/attach ")
        composer.insert(str(tmp_path / "b.txt"))
        await desk.press("enter")
        await desk.until(lambda: composer.whole.endswith("this is b.txt"))
        assert composer.whole == "Compare:\nthis is a.txt\nthis is b.txt"
        await desk.press("ctrl+j", *"/attach nowhere", "enter")
        await desk.until(lambda: "cannot be read" in desk.seen())
        assert composer.whole.endswith("this is b.txt\n/attach nowhere")

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


def test_what_is_no_file_is_not_read(sit_down: Sit, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    async def visit(desk: Desk) -> None:
        for path in (tmp_path / "pipe", Path("/dev/zero")):
            desk.chat.composer.write(f"/attach {path}")
            await desk.press("escape", "enter")
            told = f"{path} is no ordinary file"
            await desk.until(lambda told=told: told in said(desk))

    sit_down(visit)


@pytest.mark.parametrize("command", ["attach", "export"])
@pytest.mark.parametrize("path", ["~nosuchuser9/x.md", f"/tmp/{'a' * 300}.md"])
def test_a_path_that_cannot_be_is_told(sit_down: Sit, command: str, path: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        desk.chat.composer.write(f"/{command} {path}")
        await desk.press("escape", "enter")
        await desk.until(lambda: desk.app._notifications)
        assert any(path[:20] in n.message for n in desk.app._notifications)

    sit_down(visit)


def test_an_attached_file_is_a_mark_again_after_a_restart(
    sit_down: Sit, tmp_path: Path
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("some notes\n" * 3)

    async def attach(desk: Desk) -> None:
        desk.chat.composer.write(f"Look: \n/attach {file}")
        await desk.press("enter")
        await desk.until(lambda: "[file notes.txt" in desk.chat.composer.text)
        await desk.press(*" and this")
        # Here it is kept and comes back.
        await desk.press("ctrl+n")
        assert "[file notes.txt" in desk.chat.composer.text
        await desk.press("ctrl+q")

    async def again(desk: Desk) -> None:
        text = desk.chat.composer.text
        assert "[file notes.txt" in text and text.endswith("and this")
        assert "some notes" not in text
        assert "some notes\nsome notes" in desk.chat.composer.whole
        desk.chat.composer.write("plain")
        await desk.press("ctrl+q")

    sit_down(attach)
    sit_down(again)
    with Store.open(tmp_path / "history.sqlite3") as store:
        assert (store.draft(), store.draft("#folds")) == ("plain", "")
