"""The program itself on a terminal: started, used, stopped and killed."""

import base64
import os
import re
import signal
import sys
import termios
from pathlib import Path

import psutil
import pytest
from hostile import PAYLOADS
from slow import slow, slow_after
from terminal import Screen, run

from genesis_chat.history import Store
from genesis_chat.models import ensure_builtin

SIZE = (100, 30)
WILD = (
    *("--temp", "50", "--top-k", "0", "--top-p", "1"),
    # The slower backend, so that it is still writing when it is stopped.
    *("--backend", "mlx"),
    *("--max-tokens", "900", "--seed", "1"),
)
GREEDY = ("--temp", "0", "--repetition-penalty", "1")
# Leaving the other screen, showing the cursor, letting the mouse and pastes go.
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")
SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|"
    rb"\x1b[PX^_][^\x1b]*|\x1b.|"
    rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\xc2[\x80-\x9f]"
)


@pytest.fixture(autouse=True)
def home(private_home: Path, compiled: None) -> Path:
    ensure_builtin()
    return private_home


def stored(home: Path) -> list[tuple[str, str, str]]:
    with Store.open(home / "history.sqlite3") as store:
        assert store.check() == []
        latest = store.latest()
        branch = store.branch(latest.id) if latest else []
        return [(m.role, m.status, m.content) for m in branch]


def reply_of(home: Path) -> str:
    """What there is on the disk of a reply that is being written."""
    with Store.open(home / "history.sqlite3") as store:
        latest = store.latest()
        return store.branch(latest.id)[-1].content if latest else ""


def test_a_burst_at_the_first_start_is_sent_as_it_was_typed(home: Path) -> None:
    """Digits in it pick no prompt, and Enter sends it; what follows stays."""
    with Screen.start(*GREEDY, size=SIZE) as screen:
        screen.see("pick a number", SIZE)
        screen.see("builtin · ", SIZE)
        screen.type("My name is Bob, I am 2.\rWhat is my name?\r3 and")
        screen.see("Your name is Bob", SIZE)
        screen.see("3 and", SIZE)
        screen.type("\x11")
        assert screen.finish() == 0
    with Store.open(home / "history.sqlite3") as store:
        (conversation,) = store.conversations()
        branch = store.branch(conversation.id)
    said = [each.content for each in branch if each.role == "user"]
    assert said == ["My name is Bob, I am 2.", "What is my name?"]


def test_start_chat_search_and_quit(home: Path) -> None:
    with Screen.start("-m", "builtin", *GREEDY, size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("What is the capital of Japan?\r")
        screen.see("Tokyo", SIZE)
        screen.see("first token", SIZE)
        screen.type("\x0e")
        screen.see("New chat", SIZE)
        screen.type("My name is Bob.\r")
        screen.see("Hello, Bob!", SIZE)
        screen.type("\x06tokyo")
        screen.see("Messages", SIZE)
        screen.type("\r")
        picture = screen.see("What is the capital of Japan?", SIZE)
        assert "Tokyo" in picture
        screen.type("\x11")
        assert screen.finish() == 0
        for sequence in RESTORED:
            assert screen.shown.rindex(sequence) > len(screen.shown) - 2000
    with Store.open(home / "history.sqlite3") as store:
        assert len(store.conversations()) == 2


@pytest.mark.parametrize(
    "how", slow_after(2, ["SIGTERM", "SIGKILL", "SIGHUP", "closed"])
)
def test_however_it_ends_what_was_shown_is_kept(how: str, home: Path) -> None:
    with Screen.start("-m", "builtin", *WILD, size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("Tell me a story\r")
        screen.see("tok/s", SIZE)
        screen.read_while(lambda: len(reply_of(home)) <= 30)
        if how == "closed":
            screen.hang_up()
        else:
            screen.process.send_signal(getattr(signal, how))
        if how in ("SIGTERM", "SIGHUP"):
            assert screen.finish() == 128 + getattr(signal, how)
            for sequence in RESTORED:
                assert screen.shown.rindex(sequence) > len(screen.shown) - 2000
        else:
            screen.process.wait(30)
    question, reply = stored(home)
    assert question == ("user", "complete", "Tell me a story")
    # A terminal that is gone is noticed within a second or two.
    assert reply[1] == "interrupted" or how == "closed"
    assert len(reply[2]) > 30


@pytest.mark.parametrize("pasted", [False, slow(True)])
def test_bytes_that_are_no_text_are_shown_as_such(home: Path, pasted: bool) -> None:
    begin, end = (b"\x1b[200~", b"\x1b[201~") if pasted else (b"", b"")
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        os.write(screen.terminal, begin + b"A\xff\xc3(\xe2\x82B\xed\xa0\x80C" + end)
        screen.see("A\ufffd\ufffd(\ufffdB\ufffd\ufffd\ufffdC", SIZE)
        screen.type("\x11")
        # The last bytes are the beginning of a character that never ends.
        os.write(screen.terminal, b"\xe2\x82")
        assert screen.finish() == 0
        assert b"Traceback" not in screen.shown


def test_a_paste_with_controls_in_it_types_nothing(home: Path) -> None:
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("\x1b[200~see \x1b[31mred\x1b[0m\rnext\x11\x07\r\x1b[201~end")
        screen.see("next", SIZE)
        picture = screen.see("end", SIZE)
        assert "see ␛[31mred␛[0m" in picture and "next␑␇" in picture
        screen.type("\x11")
        assert screen.finish() == 0
    with Store.open(home / "history.sqlite3") as store:
        assert store.latest() is None
        assert store.draft() == "see ␛[31mred␛[0m\nnext␑␇\nend"


def test_a_paste_whose_end_is_lost_holds_nobody_up(home: Path) -> None:
    with Screen.start("-m", "builtin", *GREEDY, size=SIZE) as screen:
        screen.see("Message Genesis", SIZE)
        screen.type("\x1b[200~half of it\x1b[2")
        screen.see("half of it", SIZE)
        screen.type("!")
        screen.see("half of it!", SIZE)
        screen.type("\x11")
        assert screen.finish() == 0
    with Store.open(home / "history.sqlite3") as store:
        assert store.draft() == "half of it!"


def test_a_terminal_that_tells_its_clipboard_is_pasted_from(home: Path) -> None:
    # No display, no program that knows a clipboard.
    there = {"SSH_CONNECTION": "there"}
    with Screen.start("-m", "builtin", size=SIZE, env=there) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("before \x16")
        screen.read_until("\x1b]52;c;?\x07")
        held = base64.b64encode("held é\nthere".encode()).decode()
        screen.type(f"\x1b]52;c;{held}\x1b\\")
        screen.see("there", SIZE)
        screen.type("\x11")
        assert screen.finish() == 0
    with Store.open(home / "history.sqlite3") as store:
        assert store.draft() == "before held é\nthere"


def test_a_model_that_hangs_does_not_keep_one(home: Path) -> None:
    with Screen.start("-m", "builtin", *WILD, size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("Tell me a story\r")
        screen.see("tok/s", SIZE)
        (worker,) = psutil.Process(screen.process.pid).children()
        worker.suspend()
        screen.type("\x11")
        assert screen.finish() == 0
        assert not worker.is_running()
    assert stored(home)[1][1] in ("interrupted", "failed")


def test_the_delta_rule_writes_what_ask_writes_with_it(home: Path) -> None:
    question, options = "Reverse the word garden", ("-m", "builtin", "--backend", "mlx")
    rule = (*options, *GREEDY, "--delta-rule")
    expected = run("ask", question, *rule, "-n").out.strip()
    assert expected != run("ask", question, *options, *GREEDY, "-n").out.strip()
    size = (140, 30)
    with Screen.start(*rule, size=size) as screen:
        screen.see("delta rule", size)
        screen.type(f"{question}\r")
        screen.see("first token", size)
        screen.type("\x11")
        assert screen.finish() == 0
    assert stored(home)[1] == ("assistant", "complete", expected)


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("SIGTERM", "\x1b[?1049h"),
        slow("SIGINT", "Loading builtin"),
        # The cursor stands on the first letter.
        slow("SIGQUIT", "essage Genesis"),
    ],
)
def test_it_leaves_in_order_while_it_starts(how: str, shown: str) -> None:
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        modes = termios.tcgetattr(screen.terminal)
        screen.read_until(shown)
        screen.process.send_signal(getattr(signal, how))
        assert screen.finish() == 128 + getattr(signal, how)
        assert termios.tcgetattr(screen.terminal) == modes
        for sequence in RESTORED:
            assert sequence in screen.shown
        assert b"Traceback" not in screen.shown


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() -> None:
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        modes = termios.tcgetattr(screen.terminal)
        screen.see("builtin · ", SIZE)
        screen.type("half a thou")
        screen.see("half a thou", SIZE)
        assert termios.tcgetattr(screen.terminal) != modes
        screen.type("\x1a")
        stopped = os.waitid(os.P_PID, screen.process.pid, os.WSTOPPED)
        assert stopped and stopped.si_code == os.CLD_STOPPED
        screen.read_until("\x1b[?1049l")
        screen.drain()
        assert termios.tcgetattr(screen.terminal) == modes
        for sequence in RESTORED:
            assert sequence in screen.shown
        before = len(screen.shown)
        screen.process.send_signal(signal.SIGCONT)
        screen.read_until("half a thou", before)
        screen.type("ght\x11")
        assert screen.finish() == 0
        assert termios.tcgetattr(screen.terminal) == modes


@pytest.mark.parametrize("term", slow_after(2, ["dumb", "linux", "vt100"]))
def test_other_terminals(term: str) -> None:
    with Screen.start("-m", "builtin", size=SIZE, env={"TERM": term}) as screen:
        if term == "dumb":
            screen.read_until("\n> ")
            screen.type("\x04")
            assert b"\x1b[" not in screen.shown.replace(b"\x1b[2m", b"").replace(
                b"\x1b[0m", b""
            )
        else:
            screen.see("builtin · ", SIZE)
            screen.type("\x11")
        assert screen.finish() == 0


# Prints as native code does, again and again from when the screen is taken over, and
# makes a file once it has done so for a while.
PRINTING = """
import os, pathlib, sys, threading, time
printed = pathlib.Path(sys.argv.pop(1))
def write():
    for number in range(10**9):
        os.write(1, b"NATIVE-OUT\\n")
        os.write(2, b"NATIVE-ERR\\n")
        time.sleep(0.05)
        if number == 20:
            printed.touch()
from genesis_chat.cli import main
from genesis_chat.tui.terminal.prints import Prints
take = Prints._take
def take_and_print(prints):
    take(prints)
    threading.Thread(target=write, daemon=True).start()
Prints._take = take_and_print
main()
"""


def test_native_prints_do_not_reach_the_screen(tmp_path: Path) -> None:
    command = (sys.executable, "-P", "-c", PRINTING, str(tmp_path / "printed"))
    arguments = ("-m", "builtin", *GREEDY)
    with Screen.start(*arguments, size=SIZE, command=command) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("What is the capital of Japan?\r")
        screen.see("Tokyo", SIZE)
        screen.read_while(lambda: not (tmp_path / "printed").exists())
        screen.see("first token", SIZE)
        assert b"NATIVE" not in screen.shown
        screen.type("\x11")
        screen.read_until("NATIVE-ERR")
        assert b"NATIVE" not in screen.shown[: screen.shown.rindex(b"\x1b[?1049l")]


def draft(home: Path) -> str:
    with Store.open(home / "history.sqlite3") as store:
        return store.draft()


def test_what_is_being_written_survives_a_kill(home: Path) -> None:
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("half a thou")
        screen.see("half a thou", SIZE)
        screen.read_while(lambda: draft(home) != "half a thou")
        screen.process.kill()
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("half a thou", SIZE)


def test_interrupt_key_does_not_end_it(home: Path) -> None:
    with Screen.start("-m", "builtin", *WILD, size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        screen.type("\x03")
        screen.see("Ctrl+Q to quit", SIZE)
        screen.type("Tell me a story\r")
        screen.see("tok/s", SIZE)
        screen.type("\x03")
        screen.see("Stopped · Ctrl+O", SIZE)
        screen.type("\x11")
        assert screen.finish() == 0


def kinds(shown: bytes) -> set[bytes]:
    """Control sequences without their numbers."""
    found = set()
    for match in SEQUENCE.finditer(shown):
        sequence = match[0]
        if sequence.startswith(b"\x1b[") and sequence.endswith((b"m", b"H")):
            sequence = sequence[:2] + sequence[-1:]
        found.add(sequence)
    return found


def visit(home: Path, texts: list[str]) -> bytes:
    """All that is written while everything that holds these texts is looked at."""
    with Store.open(home / "history.sqlite3") as store:
        for number in range(0, len(texts), 6):
            part = texts[number : number + 6]
            id, parent = store.create(title=part[0], system=part[-1]).id, None
            for place, text in enumerate(part):
                role = "assistant" if place % 2 else "user"
                parent = store.add(id, role, text, parent=parent).id  # type: ignore[arg-type]
            store.set_draft(f"{part[-1]} seen {number}", id)
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("builtin · ", SIZE)
        for step in range(len(texts) // 6):
            # Tab goes from the search to the list; F3 shows the system prompt.
            screen.type("\x06\t" + "\x1b[H" + "\x1b[B" * step + "\r")
            # The latest conversation is the first in the list.
            screen.see(f"seen {(len(texts) // 6 - 1 - step) * 6}", SIZE)
        screen.type("\x06q")
        screen.see("Messages", SIZE)
        screen.type("\x1bOR")
        screen.see("Always stays in context.", SIZE)
        screen.type("\x11")
        screen.finish()
    return bytes(screen.shown)


@pytest.mark.slow
def test_no_text_acts_on_the_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Titles, messages, system prompts and drafts with all known payloads."""
    plain = visit(home, [f"q harmless {number}" for number in range(12)])
    other = home / "other"
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(other))
    other.mkdir(mode=0o700)
    os.symlink(home / "models", other / "models")
    hostile = visit(other, [f"q {payload}" for payload in PAYLOADS])
    assert kinds(hostile) <= kinds(plain)
