"""What the interface looks like, in two sizes and two themes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from desk import Desk
from pictures import compare

from genesis_chat.history import NewConversation, NewMessage, Receipt, Store
from genesis_chat.tui.services.turns import Turns

Sit = Callable[..., None]
LARGE, SMALL = (120, 36), (80, 24)
LIGHT = "textual-light"
# Long ago, so that the list has it in the same group for ever.
MARCH = 1_709_294_400_000
RECEIPT = Receipt(
    model="builtin",
    model_sha256=None,
    seed=7,
    settings={},
    prompt_tokens=20,
    prefilled_tokens=20,
    reply_tokens=64,
    seconds_to_first_token=0.1,
    tokens_per_second=100.0,
    finish_reason="stop",
)
MARKDOWN = """\
# Three mixers

Some *emphasis*, some **weight** and `code`:

1. gated linear attention
2. forgetting attention

```python
def half_life(decay: float) -> float:
    return log(0.5) / log(decay)
```

| mixer | layers |
|-------|--------|
| GLA   | 23     |
| FoX   | 7      |

> Text is data: [b]this[/b] and <b>that</b> stay as they are.
"""


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(Turns, "memory", lambda self: 123_000_000)


@pytest.fixture
def chats(tmp_path: Path) -> str:
    """A history with a few conversations; the id of the one to look at."""

    def said(*texts: str, **last: object) -> tuple[NewMessage, ...]:
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
    desk.chat.composer.cursor_blink = False
    desk.chat.workspace.show_memory()
    desk.app.clear_notifications()
    await desk.pilot.wait_for_scheduled_animations()


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [
        ("large-dark", LARGE, "textual-dark"),
        ("large-light", LARGE, LIGHT),
        ("small-dark", SMALL, "textual-dark"),
        ("small-light", SMALL, LIGHT),
    ],
)
def test_a_conversation(
    sit_down: Sit, chats: str, name: str, size: tuple[int, int], theme: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await settled(desk)
        await compare(desk, f"conversation-{name}")
        await desk.press("ctrl+up", "up", "up")
        await settled(desk)
        await compare(desk, f"message-{name}")

    sit_down(visit, size=size, theme=theme, conversation=chats)


@pytest.mark.parametrize(("name", "size"), [("large", LARGE), ("small", SMALL)])
def test_the_first_screen(sit_down: Sit, name: str, size: tuple[int, int]) -> None:
    async def visit(desk: Desk) -> None:
        await settled(desk)
        await compare(desk, f"welcome-{name}")

    sit_down(visit, size=size)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("help", ["f1"]),
        ("system", ["f3"]),
        ("settings", ["f4"]),
        ("commands", [*"/se"]),
        ("palette", ["ctrl+p"]),
        ("search", ["ctrl+f", *"story"]),
        ("delete", ["ctrl+up", "up", "up", "d"]),
    ],
)
def test_a_screen_over_it(
    sit_down: Sit, chats: str, name: str, keys: list[str]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.open.context)
        await desk.press(*keys)
        await settled(desk)
        await compare(desk, name)

    size, theme = (SMALL, LIGHT) if name in ("system", "commands") else (LARGE, "nord")
    sit_down(visit, size=size, theme=theme, conversation=chats)


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [("large", LARGE, "textual-dark"), ("small", SMALL, LIGHT)],
)
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


def test_the_models(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f2")
        await desk.until(lambda: "builtin" in desk.seen())
        await settled(desk)
        await compare(desk, "models")

    sit_down(visit, size=LARGE)
