"""What a model thinks: seen as it comes, folded above its reply, and kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from textual.widgets import Input
from thinking import TEXT, THINKER, THOUGHT, Thinking

from genesis_chat.history import NewConversation, NewMessage, Receipt, Store
from genesis_chat.tui.dialogs.settings import Settings

Sit = Callable[..., None]
WHOLE = "They want one word. So I say yes."
FOLDED = "Thought for 1 min 23 s, 1,200 tokens"
RECEIPT = Receipt("builtin", None, {}, 1, 1, 1, 9, 0.1, None, "stop")


@pytest.fixture
def thinking() -> Thinking:
    """An engine that waits."""
    return Thinking()


async def ask(desk: Desk, text: str = "Well?") -> None:
    desk.chat.composer.write(text)
    await desk.press("enter")


async def only_chat(desk: Desk) -> str:
    """The id of the chat, when there is one."""
    found = await desk.chat.pane.parts.ask(lambda store: store.conversations())
    assert found is not None
    (conversation,) = found
    return conversation.id


async def shows(desk: Desk, *texts: str, never: str = "") -> None:
    """Wait for texts on the screen; another one must be gone then."""
    await desk.until(
        lambda: (
            all(text in desk.seen() for text in texts)
            and not (never and never in desk.seen())
        )
    )


def test_a_thought_streams_and_folds(sit_down: Sit, thinking: Thinking) -> None:
    async def visit(desk: Desk) -> None:
        await ask(desk)
        thinking.go(1)
        await shows(desk, "Thinker", "▾ Thinking…", "They want one word.")
        thinking.go(2)
        await shows(desk, WHOLE)
        thinking.go(1)
        await shows(desk, "▸ Thought for ", "3 tokens", "Yes", never=WHOLE)
        thinking.go(2)
        await desk.idle()
        await shows(desk, f"▸ {FOLDED}", "Yes, of course.", never=WHOLE)
        reply = desk.stored()[-1]
        assert (reply.thought, reply.content) == ("".join(THOUGHT), "".join(TEXT))
        assert desk.texts[-1] == reply.content
        await desk.press("ctrl+up", "t")
        await shows(desk, f"▾ {FOLDED}", WHOLE, "Yes, of course.")
        await desk.press("t")
        await shows(desk, f"▸ {FOLDED}", never=WHOLE)
        await desk.pilot.click(desk.views[-1].query_one(".label"))
        await shows(desk, f"▾ {FOLDED}", WHOLE)
        assert (
            not desk.chat.pane.replies.shown._beat
            or not desk.chat.pane.replies.shown._beat._active.is_set()
        )

    sit_down(visit, engine=thinking)


def test_it_stays_as_somebody_wants_it(sit_down: Sit, thinking: Thinking) -> None:
    async def visit(desk: Desk) -> None:
        await ask(desk)
        thinking.go(1)
        await shows(desk, "They want one word.")
        await desk.press("ctrl+up", "t")
        await shows(desk, "▸ Thinking…", never="They want")
        thinking.go(2)
        await desk.until(lambda: desk.views[-1].thought_text == "".join(THOUGHT))
        await desk.press("t")
        await shows(desk, "▾ Thinking…", WHOLE)
        thinking.go(3)
        await desk.idle()
        await shows(desk, f"▾ {FOLDED}", WHOLE, "Yes, of course.")

    sit_down(visit, engine=thinking)


def test_it_is_there_after_another_chat(sit_down: Sit, thinking: Thinking) -> None:
    async def visit(desk: Desk) -> None:
        await ask(desk)
        thinking.go(1)
        await shows(desk, "They want one word.")
        kept = await only_chat(desk)
        await desk.press("ctrl+n")
        await shows(desk, "Type a message", never="They want")
        thinking.go(1)
        await desk.until(lambda: "So I say" in desk.thought)
        await desk.chat.pane.open(kept)
        await shows(desk, "▾ Thinking…", "They want one word. So I say")
        thinking.go(4)
        await desk.idle()
        await shows(desk, f"▸ {FOLDED}", "Yes, of course.", never=WHOLE)
        await desk.press("ctrl+n")
        await desk.chat.pane.open(kept)
        await desk.press("ctrl+up", "t")
        await shows(desk, f"▾ {FOLDED}", WHOLE)

    sit_down(visit, engine=thinking)


def test_a_thought_that_was_stopped_goes_on(sit_down: Sit, thinking: Thinking) -> None:
    async def visit(desk: Desk) -> None:
        await ask(desk)
        thinking.go(2)
        await shows(desk, "So I say")
        await desk.press("escape")
        await desk.idle()
        await shows(desk, "▸ Thought for", "Stopped · Ctrl+O", never="So I say")
        assert desk.stored()[-1].thought == "".join(THOUGHT[:2])
        thinking.go(4)
        await desk.turn("ctrl+o")
        await shows(desk, "Yes, of course.", never=WHOLE)
        assert thinking.requests[-1].begun == (0, 1)
        assert desk.stored()[-1].thought == "".join(THOUGHT)
        await desk.press("ctrl+up", "t")
        await shows(desk, WHOLE)

    sit_down(visit, engine=thinking)


def test_replies_without_thoughts_have_no_such_line(sit_down: Sit) -> None:
    thinking = Thinking(thought=())
    thinking.go(3)

    async def visit(desk: Desk) -> None:
        await desk.say("Well?")
        await shows(desk, "Yes, of course.", never="Thought")
        await desk.press("ctrl+up")
        assert desk.views[-1].check_action("fold_thought", ()) is False
        await desk.press("t")
        assert "Thought" not in desk.seen()

    sit_down(visit, engine=thinking)


def test_it_is_seen_who_said_what(
    sit_down: Sit, thinking: Thinking, tmp_path: Path
) -> None:
    names = ("mlx-community/Qwen3-4B-Instruct-4bit", "builtin", "genesis-152m", None)
    said: list[NewMessage] = []
    for name in names:
        receipt = replace(RECEIPT, model=name) if name else None
        said.append(NewMessage("user", "Who?", len(said) - 1 if said else None))
        said.append(NewMessage("assistant", "I.", len(said) - 1, receipt=receipt))
    with Store.open(tmp_path / "history.sqlite3") as store:
        (made,) = store.insert([NewConversation("Names", "", said, len(said) - 1)])

    async def visit(desk: Desk) -> None:
        thinking.go(6)
        await desk.say("And you?")
        speakers = [view.shown.speaker for view in desk.views[1::2]]
        assert speakers == ["Qwen3", "Genesis", "Genesis", "Reply", "Thinker"]
        assert all(name in desk.seen() for name in speakers)

    sit_down(visit, engine=thinking, conversation=made.id, size=(120, 60))


@pytest.mark.parametrize("switched", [True, False])
def test_the_setting_is_for_models_that_can_be_told(
    sit_down: Sit, switched: bool
) -> None:
    thinking = Thinking(model=replace(THINKER, thinking_is_switched=switched))
    thinking.go(6)

    async def visit(desk: Desk) -> None:
        await desk.press("f4")
        await desk.until(lambda: isinstance(desk.app.screen, Settings))
        field: Any = desk.app.screen.query_one("#thinking", Input)
        assert field.disabled is not switched
        assert ("no such choice" in desk.seen()) is not switched
        if switched:
            field.value = "off"
        await desk.press("ctrl+s")
        await desk.until(lambda: desk.app.screen is desk.chat)
        await desk.say("Well?")
        expected = "off" if switched else "auto"
        assert thinking.requests[-1].settings.thinking == expected
        kept = await only_chat(desk)
        await desk.press("ctrl+n")
        await desk.chat.pane.open(kept)
        assert desk.open.settings.thinking == expected

    sit_down(visit, engine=thinking)
