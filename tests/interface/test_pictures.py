"""What the interface looks like: sizes, themes, and without colours."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from pictured import MARKDOWN, RECEIPT
from pictures import compare
from slow import slow
from textual.widgets import Input

from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.tui.dialogs import models
from genesis_chat.tui.dialogs.models import Row
from genesis_chat.tui.services.turns import Turns

Sit = Callable[..., None]
CACHED = "In Hugging Face's cache"
HUGE, LARGE, SMALL = (200, 60), (120, 36), (80, 24)
DARK, LIGHT = "genesis-dark", "genesis-light"
# Long ago, so that the list has it in the same group for ever.
MARCH = 1_709_294_400_000


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr(Turns, "memory", lambda self: 123_000_000)


@pytest.fixture
def chats(tmp_path: Path) -> str:
    """A history with a few conversations; the id of the one to look at."""

    def said(*texts: str, **last: Any) -> tuple[NewMessage, ...]:
        found = [
            NewMessage(
                "assistant" if n % 2 else "user",
                text,
                n - 1 if n else None,
                MARCH + 60_000 * n,
                receipt=RECEIPT if n % 2 else None,
            )
            for n, text in enumerate(texts)
        ]
        return (*found[:-1], replace(found[-1], **last))

    mixers = said("What are your mixers?", "Three.", "Show me.", MARKDOWN)
    again = NewMessage("assistant", "Two.", 0, MARCH, receipt=RECEIPT)
    cut = said("Tell me a story", "Once upon a", status="interrupted")
    with Store.open(tmp_path / "history.sqlite3") as store:
        made = store.insert(
            [
                NewConversation("A story", "", cut, created=MARCH - 10),
                NewConversation(
                    "Mixers & [b]markup[/b]", "", (*mixers, again), 3, created=MARCH
                ),
                NewConversation(
                    "A title that is far too long for the list on the left", ""
                ),
            ]
        )
        store.pin(made[0].id, True)
        store.delete(made[2].id)
    return made[1].id


async def settled(desk: Desk) -> None:
    """Wait until nothing moves any more."""
    desk.chat.workspace.show_memory()
    desk.app.clear_notifications()
    await desk.pilot.wait_for_scheduled_animations()


async def show(desk: Desk, name: str) -> None:
    """Compare the screen with a picture."""
    await settled(desk)
    await compare(desk, name)


async def become(desk: Desk, size: tuple[int, int], theme: str) -> None:
    """Another terminal and another theme, while the program runs."""
    desk.app.theme = theme
    await desk.pilot.resize_terminal(*size)
    await desk.until(lambda: desk.app.size == size)
    await desk.pilot.pause()


async def back(desk: Desk) -> None:
    """Leave whatever lies on the chat."""
    await desk.press("escape")
    await desk.until(lambda: desk.app.screen is desk.chat)


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


@pytest.mark.parametrize(("name", "size", "theme"), BOTH)
def test_menus(
    sit_down: Sit, chats: str, name: str, size: tuple[int, int], theme: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press("ctrl+up", "up", "up", "m")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        await show(desk, f"menu-{name}")

    sit_down(visit, size=size, theme=theme, conversation=chats)


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


DIALOGS = {
    "help": ["f1"],
    "system": ["f3"],
    "settings": ["f4"],
    "palette": ["ctrl+p"],
    "delete": ["ctrl+up", "up", "up", "d"],
    "edit": ["ctrl+up", "up", "e"],
}


@pytest.mark.parametrize(
    ("size", "theme", "names"),
    [
        (LARGE, DARK, ["help", "settings", "palette", "delete"]),
        slow(SMALL, LIGHT, ["help", "system", "settings", "edit"]),
    ],
)
def test_what_lies_on_the_chat(
    sit_down: Sit, chats: str, size: tuple[int, int], theme: str, names: list[str]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        for name in names:
            await desk.press(*DIALOGS[name])
            await desk.until(lambda: desk.app.screen is not desk.chat)
            await show(desk, f"{name}-{'large' if size == LARGE else 'small'}")
            await back(desk)
            await desk.press("escape")

    sit_down(visit, size=size, theme=theme, conversation=chats)


def test_what_is_changed_and_what_is_wrong(sit_down: Sit, chats: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press("f4")
        await desk.until(lambda: desk.app.screen is not desk.chat)
        desk.app.screen.query_one("#temperature", Input).value = "1.5"
        desk.app.screen.query_one("#top_p", Input).value = "7"
        await desk.press("ctrl+s")
        await show(desk, "settings-wrong")

    sit_down(visit, size=LARGE, theme=DARK, conversation=chats)


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
        desk.chat.pane.parts.tell("Moved to trash · Ctrl+T to undo")
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
        await desk.press("ctrl+up", "up", "up", "t")
        await settled(desk)
        await compare(desk, f"thoughts-{name}")

    sit_down(visit, size=size, theme=theme, conversation=made.id)


@pytest.mark.parametrize(("name", "size", "theme"), BOTH)
def test_the_models(
    sit_down: Sit,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    theme: str,
    name: str,
) -> None:
    rows = [
        Row("genesis-152m-instruct", "152M · int8 · 163.1 MB", "", "Installed"),
        Row("smollm2-135m-instruct", "llama · 98.4 MB · apache-2.0", "", "Installed"),
        Row("old", "", "It is damaged; pull it again.", "Installed"),
        Row("builtin", "4.32M · bfloat16 · 13.5 MB", "", models.DEMO),
        *(
            Row(f"Qwen/Qwen3-{n}B", f"qwen3 · {n}.2 GB · apache-2.0", "", CACHED)
            for n in range(1, 9)
        ),
    ]
    monkeypatch.setattr(models, "_rows", lambda: rows)

    async def visit(desk: Desk) -> None:
        await desk.press("f2")
        await desk.until(lambda: "genesis-152m" in desk.seen())
        await show(desk, f"models-{name}")

    sit_down(visit, size=size, theme=theme)


def test_the_trash(sit_down: Sit, chats: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        desk.chat.action_trash()
        await desk.until(lambda: "Empty trash" in desk.seen())
        await show(desk, "trash")

    sit_down(visit, size=SMALL, theme=DARK, conversation=chats)
