"""Keys that come faster than what they ask for is done, in a real terminal."""

import os
import signal
from pathlib import Path

from terminal import ENDLESS, Screen

from genesis_chat.history import Store
from genesis_chat.models import ensure_builtin
from genesis_chat.tui.services.runs import UNSENT

SIZE = (100, 30)


def unsent_of_any(store: Store) -> list[str]:
    """What was sent, and is not in the history, by whatever run."""
    beside = store.drafts_beside()
    return [text for place, text, _ in beside if place.startswith(f"{UNSENT}#")]


def test_a_kill_just_behind_enter_offers_the_text_once(
    private_home: Path, compiled: None
) -> None:
    ensure_builtin()
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        screen.see("Message Genesis", SIZE)
        screen.type("precious")
        screen.see("precious", SIZE)
        screen.type("\r")
        # In the chat, and in the composer no longer.
        both = {"precious", "Message Genesis"}
        screen.read_while(lambda: not all(b in screen.picture(SIZE) for b in both))
        os.kill(screen.process.pid, signal.SIGKILL)
        screen.process.wait()
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        picture = screen.see("precious", SIZE)
        screen.see("builtin · ", SIZE)
        assert picture.count("precious") == 1
        screen.type("\x11")
        screen.finish()
    with Store.open(private_home / "history.sqlite3") as store:
        latest = store.latest()
        kept = [m.content for m in store.branch(latest.id)] if latest else []
        texts = [store.draft(), *unsent_of_any(store), *kept]
    assert sum(text.count("precious") for text in texts) == 1


def test_a_kill_keeps_what_waits_for_a_reply(
    private_home: Path, compiled: None
) -> None:
    ensure_builtin()
    # On the slower backend, so that it is still writing when it is killed.
    options = ("-m", "builtin", "--backend", "mlx", *ENDLESS)
    with Screen.start(*options, size=SIZE) as screen:
        screen.see("Message Genesis", SIZE)
        screen.type("first\rprecious\r")
        screen.see("Waiting · Esc edit · precious", SIZE)
        screen.read_while(lambda: waiting(private_home) != "precious")
        os.kill(screen.process.pid, signal.SIGKILL)
        screen.process.wait()
    with Screen.start("-c", *options, size=SIZE) as screen:
        screen.see("first", SIZE)
        picture = screen.see("precious", SIZE)
        assert picture.count("precious") == 1 and "Waiting" not in picture
        screen.type("\x11")
        screen.finish()
    with Store.open(private_home / "history.sqlite3") as store:
        latest = store.latest()
        assert latest and store.branch(latest.id)[0].content == "first"
        assert store.draft(latest.id) == "precious"


def waiting(home: Path) -> str:
    """The draft of the latest conversation."""
    with Store.open(home / "history.sqlite3") as store:
        latest = store.latest()
        return store.draft(latest.id) if latest else ""


def test_a_write_of_three_messages_in_a_real_terminal(
    private_home: Path, compiled: None
) -> None:
    ensure_builtin()
    with Screen.start("-m", "builtin", size=SIZE) as screen:
        # Before the model is there, and in one write.
        screen.see("Message Genesis", SIZE)
        screen.type("one\rtwo\rthree")
        screen.see("three", SIZE)
        screen.see("first token", SIZE)
        screen.type("\x11")
        assert screen.finish() == 0
    with Store.open(private_home / "history.sqlite3") as store:
        latest = store.latest()
        assert latest
        assert store.branch(latest.id)[0].content == "one"
        # The second one waited, or was sent when the first reply had ended; on its way
        # it is kept for the next start.
        told = [m.content for m in store.branch(latest.id) if m.role == "user"]
        kept = [*told, *unsent_of_any(store), store.draft(latest.id)]
        assert "\n\n".join(filter(None, kept)) == "one\n\ntwo\n\nthree"
