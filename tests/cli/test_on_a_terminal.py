"""Manners on a terminal: Ctrl-C, whole characters, no colours unless wanted."""

import io
import re
import subprocess
import time
from collections.abc import Callable

import pytest
from terminal import ENDLESS, Screen, call


@pytest.mark.parametrize(
    "command", [("ask", "x"), pytest.param(("x",), marks=pytest.mark.slow)]
)
def test_interrupt_keeps_the_text_and_ends_the_line(command: tuple[str, ...]) -> None:
    whole = call(*command, *ENDLESS).out
    with Screen.start(*command, *ENDLESS, err=subprocess.DEVNULL) as screen:
        screen.read_more(100)
        screen.interrupt()
        assert screen.finish() == 130
        text = screen.text
    assert text.endswith("\n") and len(text) >= 50
    kept = text.removesuffix("\n")
    assert len(kept) < len(whole) - 100
    assert whole.startswith(kept)


def test_interrupt_without_streaming_shows_what_there_is() -> None:
    with Screen.start("ask", "x", *ENDLESS, "--no-stream", "--stats") as screen:
        screen.read_until("models pull")
        screen.interrupt()
        assert screen.finish() == 130
        assert "Traceback" not in screen.text


def test_second_interrupt_is_as_orderly() -> None:
    with Screen.start("ask", "x", *ENDLESS) as screen:
        screen.read_until("models pull")
        screen.read_more(50)
        screen.interrupt()
        screen.interrupt()
        assert screen.finish() == 130
        assert "Traceback" not in screen.text
        assert "Exception" not in screen.text


@pytest.mark.parametrize("words", [0, 100])
@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_impatient_interrupts_leave_no_traceback(words: int, times: int) -> None:
    for _ in range(times):
        with Screen.start("ask", "x", *ENDLESS) as screen:
            screen.read_until("models pull")
            screen.read_more(words)
            # A flood, so that some come while the program is already leaving.
            while screen.process.poll() is None:
                screen.interrupt()
                time.sleep(0.001)
            assert screen.finish() == 130
            assert "Traceback" not in screen.text


def test_interrupt_while_waiting_for_standard_input(
    run_here: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: io.BytesIO, size: int = -1) -> bytes:
        raise KeyboardInterrupt

    waiting = type("Waiting", (io.BytesIO,), {"read1": read})
    assert run_here("ask", "-", stdin=waiting()) == 130


def test_reply_on_a_terminal_is_the_reply_on_a_pipe() -> None:
    piped = call("ask", "Tell me a story", "--seed", "8").out
    with Screen.start(
        "ask", "Tell me a story", "--seed", "8", err=subprocess.DEVNULL
    ) as screen:
        assert screen.finish() == 0
        assert screen.text == piped


def test_model_text_cannot_act_on_the_terminal() -> None:
    with Screen.start("ask", "x", *ENDLESS, err=subprocess.DEVNULL) as screen:
        assert screen.finish() == 0
        text = screen.text
    assert not text.isascii()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", text)


def test_no_color_leaves_no_colours() -> None:
    for arguments in (("--help",), ("models", "list"), ("models", "verify", "builtin")):
        with Screen.start(*arguments, env={"NO_COLOR": "1"}) as screen:
            assert screen.finish() == 0
            assert not re.search(r"\x1b\[[0-9;]*[1-9][0-9;]*m", screen.text)


def test_plain_chat() -> None:
    with Screen.start("chat", "--plain") as screen:
        screen.read_until("> ")
        screen.type("What is the capital of France?\n")
        screen.read_until("\n> ")
        screen.type("/quit\n")
        assert screen.finish() == 0


def test_interrupted_reply_leaves_the_chat_usable() -> None:
    with Screen.start("chat", "--plain", *ENDLESS, "--stats") as screen:
        screen.read_until("> ")
        screen.type("x\n")
        screen.read_more(100)
        screen.interrupt()
        at = screen.read_until("[stopped]")
        screen.read_until("ended by cancelled", at)
        at = screen.read_until("\n> ", at)
        screen.type("/help\n")
        at = screen.read_until("Ctrl+C stops a reply.", at)
        # Earlier, the key would reach the terminal before line editing is on.
        screen.read_until("\n> ", at)
        screen.type("\x04")
        assert screen.finish() == 0
        assert "Traceback" not in screen.text


def test_interrupt_at_the_prompt_of_the_chat_says_how_to_leave() -> None:
    with Screen.start("chat", "--plain") as screen:
        at = screen.read_until("> ")
        at = screen.interrupt_until("Ctrl+D", at)
        screen.read_until("\n> ", at)
        screen.type("\x04")
        assert screen.finish() == 0
