"""Whether the terminal is dark: asked on a real terminal that answers, or does not."""

import os
import pty
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genesis_chat.tui.terminal import background
from genesis_chat.tui.terminal.background import asked, from_environment
from genesis_chat.tui.terminal.input import Decoder

KIND = b"\x1b[?62;22c"
LIGHT, DARK = b"rgb:ffff/ffff/e0e0", b"rgb:1010/1212/1616"
Terminal = Callable[[bytes], threading.Thread]


def colour(value: bytes, end: bytes = b"\x1b\\") -> bytes:
    return b"\x1b]11;" + value + end


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal that answers the question with some bytes."""
    monkeypatch.delenv("COLORFGBG", raising=False)
    # Nothing here depends on it but a terminal that is silent.
    monkeypatch.setattr(background, "LIMIT_SECONDS", 20)
    master, slave = pty.openpty()
    streams = [os.fdopen(os.dup(slave), mode) for mode in ("r", "w")]
    monkeypatch.setattr(sys, "__stdin__", streams[0])
    monkeypatch.setattr(sys, "__stderr__", streams[1])

    def answers(answer: bytes) -> threading.Thread:
        def run() -> None:
            seen = b""
            while background.QUESTION not in seen:
                seen += os.read(master, 1000)
            os.write(master, answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    yield answers
    for stream in streams:
        stream.close()
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize(
    ("answer", "dark"),
    [
        (colour(LIGHT) + KIND, False),
        (colour(DARK) + KIND, True),
        (colour(b"rgb:ff/ff/ff", b"\x07") + KIND, False),
        (colour(b"rgba:f/f/f/f") + KIND, False),
        # It knows no colours, but says what it is.
        (KIND, True),
        (colour(b"rgb:ff/ff") + KIND, True),
    ],
)
def test_the_terminal_is_asked(terminal: Terminal, answer: bytes, dark: bool) -> None:
    answering = terminal(answer)
    with asked() as ground:
        assert ground.is_dark() is dark
    answering.join()
    assert ground.typed == b""


def test_keys_that_come_meanwhile_are_not_lost(terminal: Terminal) -> None:
    terminal(b"he" + colour(LIGHT) + b"ll" + KIND + b"o")
    with asked() as ground:
        assert not ground.is_dark()
    assert ground.typed == b"hello"


def test_a_silent_terminal_is_not_waited_for(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "LIMIT_SECONDS", 0)
    monkeypatch.setenv("COLORFGBG", "0;15")
    with asked() as ground:
        assert not ground.is_dark()


def test_nothing_is_asked_where_no_terminal_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COLORFGBG", raising=False)
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "__stderr__", file)
        with asked() as ground:
            assert ground.is_dark()
    assert (tmp_path / "out").read_text() == ""


@pytest.mark.parametrize(
    ("value", "dark"),
    [
        ("15;0", True),
        ("0;15", False),
        ("0;default;7", False),
        ("7;8", True),
        ("", None),
        ("0;default", None),
        ("0;99", None),
    ],
)
def test_the_environment_may_say(value: str, dark: bool | None) -> None:
    assert from_environment({"COLORFGBG": value}) is dark


# An escape that comes alone is a key: no terminal cuts its answers right behind one.
@pytest.mark.parametrize("cuts", [(), (3, 4, 9), (5, 24, 33), (6, 30, 40)])
def test_a_late_answer_is_no_text(cuts: tuple[int, ...]) -> None:
    came = b"a" + colour(LIGHT) + b"b" + KIND + b"c" + colour(DARK, b"\x07") + b"d"
    decoder, ends = Decoder(), (*cuts, len(came))
    parts = [came[start:end] for start, end in zip((0, *cuts), ends, strict=True)]
    assert "".join(map(decoder.decode, parts)) == "abcd"
