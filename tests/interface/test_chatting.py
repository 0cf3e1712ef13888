"""Sending, stopping, continuing: the heart of the interface."""

from collections.abc import Callable
from typing import Any

import pytest
from desk import Desk
from talking import Talking
from textual.widgets import Static

from genesis_chat import Genesis
from genesis_chat.history import Store

Sit = Callable[..., None]
BOB = "My name is Bob."


def test_a_message_gets_its_reply(sit_down: Sit, genesis: Genesis) -> None:
    expected = genesis.ask(BOB, temperature=0, repetition_penalty=1)

    async def visit(desk: Desk) -> None:
        await desk.press(*"My name is Bob.".replace(" ", "~").replace("~", " "))
        await desk.turn("enter")
        assert desk.texts == [BOB, expected]
        assert [m.content for m in desk.stored()] == [BOB, expected]
        await desk.until(lambda: expected in desk.seen())
        # So short a reply has no speed.
        await desk.until(lambda: "first token" in desk.seen())
        assert "tok/s" not in desk.seen()
        await desk.say("What is my name?")
        assert "Bob" in desk.texts[-1]
        assert len(desk.stored()) == 4

    sit_down(visit)


def test_escape_stops_and_enter_on_the_reply_continues(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: len(desk.written) > 40)
        await desk.press("escape")
        await desk.idle()
        cut = desk.stored()[-1]
        assert cut.status == "interrupted"
        await desk.until(lambda: "continue" in desk.seen())
        await desk.press("ctrl+up", "enter")
        await desk.until(lambda: desk.tokens > 5)
        await desk.press("escape")
        await desk.idle()
        longer = desk.stored()[-1]
        assert longer.id == cut.id and len(desk.stored()) == 2
        assert longer.content.startswith(cut.content)
        assert len(longer.content) > len(cut.content)
        assert desk.texts[-1] == longer.content

    sit_down(visit, engine=Talking())


def test_what_is_written_while_a_reply_comes_is_not_lost(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: desk.written)
        await desk.press(*"hello", "enter")
        await desk.until(lambda: "Waiting · Esc edit · hello" in desk.seen())
        await desk.press("escape")
        assert desk.chat.composer.text == "hello" and "Waiting" not in desk.seen()
        await desk.press("escape")
        await desk.idle()
        assert desk.chat.composer.text == "hello"
        assert len(desk.stored()) == 2

    sit_down(visit, engine=Talking())


def test_a_reply_goes_on_while_another_chat_is_read(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: desk.written)
        first = desk.open.conversation
        assert first
        await desk.press("ctrl+n")
        assert desk.texts == []
        before = len(desk.written)
        await desk.until(lambda: len(desk.written) > before + 50)
        await desk.chat.pane.open(first.id)
        await desk.until(lambda: len(desk.written) > before + 100)
        await desk.press("escape")
        await desk.idle()
        reply = desk.stored()[-1]
        assert desk.texts == ["Tell me a story", reply.content]
        assert len(reply.content) > 100

    sit_down(visit, engine=Talking())


def test_a_message_that_cannot_fit_says_why_and_stays(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("word " * 3000)
        await desk.until(lambda: "1024" in desk.seen())
        assert desk.stored()[0].content.strip() == ("word " * 3000).strip()
        await desk.say(BOB)
        assert desk.stored()[-1].content == desk.texts[-1]

    sit_down(visit)


def test_drafts_stay_with_their_chats(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        first = desk.open.conversation
        assert first
        await desk.press(*"half a")
        await desk.press("ctrl+n")
        assert desk.chat.composer.text == ""
        await desk.press(*"other")
        await desk.chat.pane.open(first.id)
        assert desk.chat.composer.text == "half a"
        await desk.press("ctrl+n")
        assert desk.chat.composer.text == "other"
        # Also on the disk, for when the program is killed.
        with Store.open(desk.path) as store:
            await desk.until(lambda: store.draft() == "other")
            assert store.draft(first.id) == "half a"

    sit_down(visit)


def test_old_exchanges_leave_with_a_line(sit_down: Sit) -> None:
    from genesis_chat.tui.widgets.between import ContextLine

    async def visit(desk: Desk) -> None:
        for _ in range(9):
            await desk.say("blah " * 80)
            if desk.open.context and desk.open.context.left_out:
                break
        context = desk.open.context
        assert context and context.left_out
        (line,) = desk.chat.query(ContextLine)
        after = desk.chat.transcript.children[
            desk.chat.transcript.children.index(line) + 1
        ]
        assert after is desk.views[2 * context.left_out]
        assert str(context.used) in str(
            desk.chat.query_one("#context", Static).render()
        )

    sit_down(visit)


def test_a_dead_engine_is_told_and_replaced(sit_down: Sit, monkeypatch: Any) -> None:
    async def visit(desk: Desk) -> None:
        from genesis_chat.engine import LocalEngine
        from genesis_chat.errors import GenerationError

        def fail(*values: Any, **more: Any) -> Any:
            raise GenerationError("The model's process ended by signal 9.")
            yield

        monkeypatch.setattr(LocalEngine, "reply", fail)
        await desk.say(BOB)
        await desk.until(lambda: "signal 9" in desk.seen())
        monkeypatch.undo()
        await desk.say("What is my name?")
        assert desk.stored()[0].content == BOB
        assert desk.stored()[-1].role == "assistant"

    sit_down(visit)


def test_a_turn_asks_the_history_no_more_than_twice(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit(desk: Desk) -> None:
        asked: list[object] = []
        call = desk.app.history.call

        async def counted(question: Callable[[Store], Any]) -> Any:
            asked.append(question)
            return await call(question)

        monkeypatch.setattr(desk.app.history, "call", counted)
        for text in (BOB, "What is my name?"):
            desk.chat.composer.write(text)
            # While one writes the draft is kept.
            await desk.until(lambda text: kept_draft(desk) == text, text)
            asked.clear()
            await desk.turn("enter")
            assert 1 <= len(asked) <= 2
            assert (
                desk.texts[-2] == text and desk.texts[-1] == desk.stored()[-1].content
            )
        asked.clear()
        await desk.turn("ctrl+r")
        assert 1 <= len(asked) <= 2

    sit_down(visit)


def kept_draft(desk: Desk) -> str:
    with Store.open(desk.path) as store:
        return store.draft(desk.open.id)
