"""Long conversations: few messages are mounted, and all can be reached."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from desk import Desk
from keys import send
from talking import Talking

from genesis_chat.history import NewConversation, NewMessage, Role, Store
from genesis_chat.tui.widgets.transcript import MOST, WINDOW

Sit = Callable[..., None]
MESSAGES = 2000


async def long_chat(desk: Desk, count: int = MESSAGES) -> list[str]:
    """Open a conversation of so many messages; their ids."""
    roles: tuple[Role, Role] = ("user", "assistant")
    messages = [
        NewMessage(roles[n % 2], f"message {n}.", n - 1 if n else None)
        for n in range(count)
    ]
    with Store.open(desk.path) as store:
        (kept,) = store.insert([NewConversation("long", "", messages)])
        ids = [message.id for message in store.messages(kept.id)]
    await desk.chat.pane.open(kept.id)
    await desk.until(lambda: desk.chat.transcript.max_scroll_y)
    return ids


async def scroll_until(desk: Desk, key: str, text: str) -> None:
    for _ in range(200):
        if text in desk.texts:
            return
        await desk.press(key)
        await desk.until(lambda: not desk.chat.transcript._growing)
    raise AssertionError(desk.texts)


def test_the_reader_keeps_the_place_in_either_direction(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await long_chat(desk, 200)
        assert desk.texts[-1] == "message 199." and len(desk.views) == WINDOW
        assert "earlier message" not in desk.seen()
        await scroll_until(desk, "pageup", "message 120.")
        assert len(desk.views) <= MOST
        assert desk.chat.transcript.away
        await desk.until(lambda: "↓ more" in desk.seen())
        await desk.press("ctrl+home")
        await desk.until(lambda: "message 0." in desk.seen())
        await scroll_until(desk, "pagedown", "message 100.")
        assert len(desk.views) <= MOST
        assert "message 99." in desk.texts and "message 199." not in desk.texts
        await desk.press("ctrl+end")
        await desk.until(lambda: "message 199." in desk.seen())
        await desk.until(lambda: "↓ more" not in desk.seen())
        assert not desk.chat.transcript.away

    sit_down(visit)


@pytest.mark.parametrize("keys", [["/"], ["f6"], ["x", "ctrl+j", "ctrl+j", "y"]])
def test_what_opens_above_the_composer_leaves_the_end_in_sight(
    sit_down: Sit, keys: list[str]
) -> None:
    async def visit(desk: Desk) -> None:
        await long_chat(desk, 40)
        height = desk.chat.transcript.size.height
        await desk.press(*keys)
        await desk.until(lambda: desk.chat.transcript.size.height < height)
        await desk.until(lambda: "message 39." in desk.seen())
        await desk.pilot.pause()
        assert "↓ more" not in desk.seen()

    sit_down(visit)


def test_a_jump_mounts_only_what_is_around(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        ids = await long_chat(desk)
        await desk.chat.transcript.reveal(ids[40])
        await desk.until(lambda: desk.app.focused in desk.views)
        await desk.until(lambda: "message 40." in desk.seen())
        assert desk.app.focused.text == "message 40."  # type: ignore[union-attr]
        assert len(desk.views) == WINDOW
        await desk.press(*["up"] * 6)
        assert desk.app.focused.text == "message 34."  # type: ignore[union-attr]
        # What is written now goes to the end.
        desk.chat.composer.focus()
        await desk.say("Hello!")
        assert desk.texts[-2] == "Hello!" and len(desk.views) <= MOST
        assert len(desk.stored()) == MESSAGES + 2

    sit_down(visit)


def test_a_reply_goes_on_out_of_sight(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await long_chat(desk, 80)
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: len(desk.written) > 20)
        await desk.press("ctrl+home")
        await desk.until(lambda: "message 0." in desk.seen())
        seen = len(desk.written)
        await desk.until(lambda: len(desk.written) > seen + 20)
        assert desk.texts[0] == "message 0."
        await desk.press("ctrl+end")
        await desk.until(lambda: desk.texts[-1] == desk.written)
        await desk.press("ctrl+home", "escape")
        await desk.idle()
        await desk.press("ctrl+end")
        await desk.until(lambda: desk.texts[-1] == desk.stored()[-1].content)
        await desk.until(lambda: "Stopped · Ctrl+O" in desk.seen())

    sit_down(visit, engine=Talking())


def test_whoever_asks_for_the_end_last_is_there_and_follows_it(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await long_chat(desk, 80)
        transcript = desk.chat.transcript
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        for _ in range(2):
            # The beginning is not laid out yet when the end is asked for.
            send(desk, "\x1b[1;5H\x1b[1;5F")
            await desk.until(lambda: desk.texts[-1] == desk.written)
            await desk.until(lambda: not transcript._growing)
            await desk.pilot.pause()
            assert transcript.follows
            await desk.until(lambda: not transcript.away)
        await desk.press("escape")
        await desk.idle()
        await desk.until(lambda: "Stopped · Ctrl+O" in desk.seen())
        assert transcript.follows and not transcript.away

    sit_down(visit, engine=Talking())


def test_a_pasted_book_is_shown_in_parts(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        text = "".join(f"line {n}\n" for n in range(5000))
        with Store.open(desk.path) as store:
            id = store.create(title="book").id
            store.add(id, "user", text, parent=None)
        await desk.chat.pane.open(id)
        await desk.until(lambda: "Space to expand" in desk.seen())
        (view,) = desk.views
        assert view.text == text and view.size.height < 200
        await desk.press("ctrl+up", "space")
        await desk.until(lambda: view.size.height > 1000)
        assert "line 1199" in str(view.query_one(".body").render())

    sit_down(visit)


def test_the_page_stays_under_the_mouse(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        with Store.open(desk.path) as store:
            id = store.create(title="lines").id
            parent = None
            for role in ("user", "assistant", "user", "assistant"):
                text = "".join(f"- {role} word{n} and more\n" for n in range(20))
                parent = store.add(id, role, text, parent=parent).id
        await desk.chat.pane.open(id)
        transcript = desk.chat.transcript
        await desk.until(lambda: "word19" in desk.seen())
        await desk.press("pageup")
        place = transcript.scroll_y
        assert 0 < place < transcript.max_scroll_y - 10
        # On a message whose beginning is above the page.
        await desk.pilot.mouse_down(transcript, offset=(8, 1))
        await desk.pilot.hover(transcript, offset=(30, 3))
        await desk.pilot.mouse_up(transcript, offset=(30, 3))
        await desk.until(lambda: desk.app.focused in desk.views)
        view = desk.app.focused
        assert view and view.region.y < transcript.region.y < view.region.bottom
        selected = desk.chat.get_selected_text()
        assert selected and "and more\n" in selected and "word" in selected
        # Neither does the way back to the composer move it.
        await desk.press("escape")
        assert desk.chat.composer.has_focus and transcript.scroll_y == place

    sit_down(visit)


@pytest.mark.parametrize("what", ["show", "add", "reveal"])
def test_the_end_of_the_program_overtakes_a_change(sit_down: Sit, what: str) -> None:
    """What was to be shown then is not an error."""

    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        transcript = desk.chat.transcript
        shown = [view.shown for view in transcript.views]
        desk.app.exit(0, return_code=0)
        await transcript.remove()
        change = {
            "show": lambda: transcript.show(shown),
            "add": lambda: transcript.add(shown[0]),
            "reveal": lambda: transcript.reveal(shown[0].message.id),
        }[what]
        transcript._window = range(0)
        with suppress(asyncio.CancelledError):
            await change()

    sit_down(visit)


@pytest.mark.parametrize("wanted", [True, False])
def test_what_the_mouse_selects_is_copied_on_request(
    sit_down: Sit, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis_chat.tui.terminal.clipboard.PROGRAMS", ())

    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        reply = desk.views[1].query_one("MarkdownParagraph")
        # A click selects nothing.
        await desk.pilot.click(reply, offset=(0, 0))
        assert not desk.told("Copied") and desk.app.clipboard == ""
        await desk.pilot.mouse_down(reply, offset=(0, 0))
        await desk.pilot.hover(reply, offset=(4, 0))
        await desk.pilot.mouse_up(reply, offset=(4, 0))
        selected = desk.chat.get_selected_text()
        assert selected and desk.texts[1].startswith(selected)
        if wanted:
            await desk.until(lambda: desk.told("Copied the selection"))
            assert desk.app.clipboard == selected
        else:
            await desk.pilot.pause()
            assert desk.app.clipboard == "" and not desk.told("Copied")
        await desk.press("ctrl+c")
        await desk.until(lambda: desk.app.clipboard == selected)

    sit_down(visit, copy_on_select=wanted)
