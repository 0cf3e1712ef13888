"""Keys that come faster than what they ask for is done."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from desk import Desk
from keys import send

from genesis_chat.history import Store
from genesis_chat.tui.services.runs import unsent

Sit = Callable[..., None]


def asked(desk: Desk) -> list[str]:
    return [m.content for m in desk.stored() if m.role == "user"]


@pytest.mark.parametrize("at_once", [True, False])
def test_what_follows_a_message_waits_or_stays(sit_down: Sit, at_once: bool) -> None:
    async def visit(desk: Desk) -> None:
        going_on = Event()
        desk.app.turns._executor.submit(going_on.wait)
        for part in ["one\rtwo\rthree"] if at_once else "one\rtwo\rthree":
            send(desk, part)
            await desk.pilot.pause()
        await desk.until(lambda: desk.chat.pane.replies.waiting_here == ["two"])
        await desk.until(lambda: desk.chat.composer.text == "three")
        await desk.until(lambda: "Waiting · Esc edit · two" in desk.seen())
        await desk.until(lambda: draft(desk) == "two\n\nthree")
        going_on.set()
        await desk.idle()
        assert asked(desk) == ["one", "two"] and desk.chat.composer.text == "three"
        assert "Waiting" not in desk.seen()
        await desk.until(lambda: draft(desk) == "three")
        await desk.turn("enter")
        assert asked(desk) == ["one", "two", "three"]

    sit_down(visit)


def draft(desk: Desk) -> str:
    with Store.open(desk.path) as store:
        return store.draft(desk.open.id)


def test_enter_after_enter_sends_nothing_twice(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        going_on = Event()
        desk.app.turns._executor.submit(going_on.wait)
        send(desk, "one\rtwo\r\r\r")
        await desk.until(lambda: desk.chat.pane.replies.waiting_here == ["two"])
        going_on.set()
        await desk.idle()
        assert asked(desk) == ["one", "two"] and desk.chat.composer.text == ""

    sit_down(visit)


def test_escape_takes_a_waiting_message_back(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        going_on = Event()
        desk.app.turns._executor.submit(going_on.wait)
        send(desk, "one\rtwo\rthree\rfour")
        await desk.until(lambda: len(desk.chat.pane.replies.waiting_here) == 2)
        # What Esc does now is said once, and nothing else of it.
        await desk.until(lambda: "Esc edit" in desk.seen())
        await desk.until(lambda: "Esc stop" not in desk.seen())
        await desk.press("escape")
        assert desk.chat.composer.text == "three\n\nfour"
        await desk.press("escape")
        assert desk.chat.composer.text == "two\n\nthree\n\nfour"
        assert desk.app.turns.busy
        await desk.until(lambda: "Esc stop" in desk.seen())
        going_on.set()
        await desk.idle()
        assert asked(desk) == ["one"]

    sit_down(visit)


def test_a_message_waits_for_its_own_chat(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        going_on = Event()
        await desk.say("one")
        first = desk.open.id
        desk.app.turns._executor.submit(going_on.wait)
        send(desk, "two\rthree\r")
        await desk.until(lambda: desk.chat.pane.replies.waiting_here == ["three"])
        await desk.press("ctrl+n")
        await desk.until(lambda: not desk.open.id)
        assert "Waiting" not in desk.seen() and desk.chat.composer.text == ""
        # No message of a new chat can wait for another chat's reply.
        send(desk, "four\r")
        await desk.until(lambda: desk.told("Still replying"))
        await desk.until(lambda: desk.chat.composer.text == "four")
        await desk.chat.pane.open(first)
        assert desk.chat.composer.text == ""
        await desk.until(lambda: "Waiting · Esc edit · three" in desk.seen())
        await desk.press("ctrl+n")
        going_on.set()
        await desk.idle()
        assert not desk.open.id and desk.chat.composer.text == "four"
        assert asked(desk) == ["one", "two", "three"]

    sit_down(visit)


def test_what_waits_is_a_draft_after_an_error(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        going_on = Event()
        desk.app.turns._executor.submit(going_on.wait)
        send(desk, "one\rtwo\r")
        await desk.until(lambda: desk.chat.pane.replies.waiting_here == ["two"])
        desk.app.turns._engine = None
        going_on.set()
        await desk.idle()
        await desk.until(lambda: desk.chat.composer.text == "one\n\ntwo")
        await desk.until(lambda: draft(desk) == "one\n\ntwo")
        assert not desk.stored()

    sit_down(visit)


@pytest.mark.parametrize("keys", ["/new\rhello", "\x0ehello", "/help me\rhello"])
def test_what_follows_a_command_stays(sit_down: Sit, keys: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("first")
        send(desk, "half a")
        await desk.until(lambda: desk.chat.composer.text == "half a")
        send(desk, f"\x15{keys}" if keys.startswith("/") else keys)
        given_back = "/help me\n" if "help" in keys else ""
        await desk.until(lambda: desk.chat.composer.text == f"{given_back}hello")
        if keys == "\x0ehello":
            with Store.open(desk.path) as store:
                assert store.draft(store.latest().id) == "half a"  # type: ignore[union-attr]

    sit_down(visit)


def test_a_command_and_a_message_at_once_are_both_done(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        send(desk, "/set max_tokens 5\rhello\r")
        await desk.until(lambda: desk.ended)
        await desk.idle()
        assert desk.open.changed == {"max_tokens": 5} and asked(desk) == ["hello"]

    sit_down(visit)


def test_a_completion_takes_what_was_there_at_enter(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        send(desk, "/set temp")
        await desk.until(lambda: desk.chat.composer.completing)
        send(desk, "\r0.5")
        await desk.until(lambda: desk.chat.composer.text == "/set temperature 0.5")

    sit_down(visit)


def test_a_draft_and_what_is_typed_at_the_start_are_both_there(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.set_draft("half a")

    async def visit(desk: Desk) -> None:
        desk.chat.pane.opening.shown_once = False
        desk.chat.composer.write("typed")
        await desk.chat.pane.open()
        assert desk.chat.composer.text == "half a\n\ntyped"

    sit_down(visit)


def test_a_message_is_in_one_place_at_any_time(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    async def visit(desk: Desk) -> None:
        def look() -> None:
            with Store.open(desk.path) as store:
                latest = store.latest()
                kept = store.branch(latest.id) if latest else []
                places = (store.draft(), store.draft(unsent()))
                seen.append([*places, *(m.content for m in kept if m.role == "user")])

        def watched(name: str) -> None:
            real = getattr(Store, name)

            def then_look(*values: object, **more: object) -> object:
                try:
                    return real(*values, **more)
                finally:
                    look()

            monkeypatch.setattr(Store, name, then_look)

        send(desk, "one")
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.draft() == "one")
        for name in ("set_drafts", "set_draft", "create", "add", "begin_reply"):
            watched(name)
        loaded = Event()
        desk.app.turns._executor.submit(loaded.wait)
        send(desk, "\r")
        await desk.until(lambda: desk.app.turns.busy)
        loaded.set()
        await desk.idle()
        assert len(seen) >= 4
        assert all(state.count("one") == 1 for state in seen), seen

    sit_down(visit)


def test_a_message_that_no_model_took_is_in_one_place(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.app.turns._engine = None
        send(desk, "one\rtwo")
        await desk.idle()
        await desk.until(lambda: desk.chat.composer.text == "one\n\ntwo")
        with Store.open(desk.path) as store:
            assert (store.draft(), store.draft(unsent())) == ("one\n\ntwo", "")

    sit_down(visit)


def test_keys_that_edit_keep_their_place_among_letters(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        send(desk, "abx\x7fc\x1b[D\x1b[DX\x1b[Fd\x01Y\x15Z")
        await desk.until(lambda: "d" in desk.chat.composer.text)
        await desk.until(lambda: desk.chat.composer.text == "ZaXbcd")

    sit_down(visit)
