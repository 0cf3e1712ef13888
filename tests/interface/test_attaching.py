"""Text files attached to a message."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from textual.widgets import OptionList

from genesis_chat.history import Store

Sit = Callable[..., None]


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
        assert desk.told(told)

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


def test_what_is_no_file_is_not_read(sit_down: Sit, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    async def visit(desk: Desk) -> None:
        for path in (tmp_path / "pipe", Path("/dev/zero")):
            desk.chat.composer.write(f"/attach {path}")
            await desk.press("escape", "enter")
            told = f"{path} is no ordinary file"
            await desk.until(lambda told: desk.told(told), told)

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
