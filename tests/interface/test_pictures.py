"""What the interface looks like: sizes, themes, and without colours."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from desk import Desk
from pictured import DARK, HUGE, LARGE, LIGHT, MARCH, RECEIPT, SMALL
from pictures import become, compare, settled, show
from slow import slow

from genesis_chat.history import NewConversation, NewMessage, Store

pytestmark = pytest.mark.usefixtures("same_everywhere")
Sit = Callable[..., None]


CONVERSATIONS = [
    ("large-dark", LARGE, DARK),
    ("large-light", LARGE, LIGHT),
    ("small-dark", SMALL, DARK),
    ("small-light", SMALL, LIGHT),
    ("huge-dark", HUGE, DARK),
    ("huge-light", HUGE, LIGHT),
]
Looks = list[tuple[str, tuple[int, int], str]]
# The first, which is what the program starts with, and the other extreme.
LOOKS = [CONVERSATIONS[:4:3], slow([*CONVERSATIONS[1:3], *CONVERSATIONS[4:]])]
FOUR = [CONVERSATIONS[:4:3], slow(CONVERSATIONS[1:3])]


@pytest.mark.parametrize("looks", LOOKS, ids=["two", "others"])
def test_a_conversation(sit_down: Sit, chats: str, looks: Looks) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        for name, size, theme in looks:
            await become(desk, size, theme)
            await show(desk, f"conversation-{name}")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


@pytest.mark.parametrize("looks", FOUR, ids=["two", "others"])
def test_a_selected_message(sit_down: Sit, chats: str, looks: Looks) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press("ctrl+up", "up", "up")
        for name, size, theme in looks:
            await become(desk, size, theme)
            await show(desk, f"message-{name}")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


BOTH = [("large", LARGE, DARK), slow("small", SMALL, LIGHT)]


@pytest.mark.parametrize("looks", FOUR, ids=["two", "others"])
def test_a_new_chat_and_the_first_one_of_all(sit_down: Sit, looks: Looks) -> None:
    async def visit(desk: Desk) -> None:
        kind = "first" if desk.app.start.first else "welcome"
        await desk.until(lambda: desk.app.model)
        for name, size, theme in looks:
            await become(desk, size, theme)
            await show(desk, f"{kind}-{name}")

    for first in (False, True):
        sit_down(visit, size=LARGE, theme=DARK, first=first)


@pytest.mark.parametrize(("name", "size", "theme"), BOTH)
def test_lists(
    sit_down: Sit, chats: str, size: tuple[int, int], theme: str, name: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press("/")
        await show(desk, f"commands-{name}")
        desk.chat.composer.write("")
        await desk.press("ctrl+f", *"story")
        await desk.until(lambda: "Messages" in desk.seen())
        await show(desk, f"search-{name}")
        await desk.press("escape", "down")
        await show(desk, f"list-{name}")

    sit_down(visit, size=size, theme=theme, conversation=chats)


def test_notices(sit_down: Sit, chats: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await settled(desk)
        desk.chat.pane.parts.tell("Moved to trash · Ctrl+T undo")
        await desk.until(lambda: "Moved to trash" in desk.seen())
        await compare(desk, "notice")
        desk.chat.pane.parts.tell(
            "The file /home/ann/notes.md cannot be read.", error=True
        )
        await desk.until(lambda: "notes.md" in desk.seen())
        await compare(desk, "notice-error")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


def test_replies_that_are_not_whole(sit_down: Sit, tmp_path: Path) -> None:
    said = [
        NewMessage("user", "Tell me a story.", None, MARCH),
        NewMessage(
            "assistant", "Once upon a", 0, MARCH, status="interrupted", receipt=RECEIPT
        ),
        NewMessage("user", "And then?", 1, MARCH),
        NewMessage("assistant", "", 2, MARCH, status="failed"),
        NewMessage("user", "Try again.", 3, MARCH),
        NewMessage(
            "assistant",
            "There was",
            4,
            MARCH,
            receipt=replace(RECEIPT, finish_reason="length"),
        ),
        NewMessage("user", "What was there?", 5, MARCH),
    ]
    with Store.open(tmp_path / "history.sqlite3") as store:
        (made,) = store.insert([NewConversation("Cut", "", said, 6, MARCH)])

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await show(desk, "replies-dark")
        await become(desk, (120, 40), LIGHT)
        await show(desk, "replies-light")

    sit_down(visit, size=(120, 40), theme=DARK, conversation=made.id)


@pytest.mark.parametrize("theme", [DARK, slow("ansi-dark")])
def test_without_colours(
    sit_down: Sit, chats: str, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    if theme == DARK:
        monkeypatch.setenv("NO_COLOR", "1")
    name = "no-color" if theme == DARK else theme

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await show(desk, f"{name}-conversation")
        await desk.press("ctrl+f", *"story")
        await desk.until(lambda: "Messages" in desk.seen())
        await show(desk, f"{name}-search")
        await desk.press("escape", "escape", "f4")
        await desk.until(lambda: "Chat settings" in desk.seen())
        await show(desk, f"{name}-settings")

    sit_down(visit, size=LARGE, theme=theme, conversation=chats)


@pytest.mark.parametrize(("name", "size", "theme"), BOTH)
def test_thoughts(
    sit_down: Sit, tmp_path: Path, name: str, size: tuple[int, int], theme: str
) -> None:
    receipt = replace(
        RECEIPT, model="Qwen3-4B-Instruct", thought_tokens=120, thought_seconds=3.2
    )
    thought = "They ask for *the* mixers:\n\n1. GLA\n2. FoX\n\nThe third is TTT."
    said = [
        NewMessage("user", "How many mixers?", None, MARCH),
        NewMessage(
            "assistant", "Three.", 0, MARCH, receipt=receipt, thought="Easy: three."
        ),
        NewMessage("user", "Which?", 1, MARCH),
        NewMessage(
            "assistant",
            "GLA, FoX and **TTT**.",
            2,
            MARCH,
            receipt=receipt,
            thought=thought,
        ),
        NewMessage("user", "Sure?", 3, MARCH),
        NewMessage("assistant", "Yes.", 4, MARCH, receipt=RECEIPT),
    ]
    with Store.open(tmp_path / "history.sqlite3") as store:
        (made,) = store.insert([NewConversation("Mixers", "", said, 5, MARCH)])

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        if size == LARGE:
            await show(desk, "thoughts-folded-large")
        await desk.press("ctrl+up", "up", "up", "t")
        await settled(desk)
        await compare(desk, f"thoughts-{name}")

    sit_down(visit, size=size, theme=theme, conversation=made.id)
