"""What the pictured conversations hold, and how they come to be looked at."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from desk import Desk
from pictures import compare

from genesis_chat.history import NewConversation, NewMessage, Receipt, Store

HUGE, LARGE, SMALL = (200, 60), (120, 36), (80, 24)
DARK, LIGHT = "genesis-dark", "genesis-light"
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
    return log(0.5) / log(decay)  # how many tokens until half of what a head holds is gone
```

| mixer | layers |  cost  |
|-------|-------:|:------:|
| GLA   | 23     | steady |
| FoX   | 7      | grows  |

- [x] read
- [ ] written, see [the paper](https://example.org)

> Text is data: [b]this[/b] and <b>that</b> stay as they are.
"""  # noqa: E501  # one line that is too long for the screen


def keep_chats(path: Path) -> str:
    """Put a few conversations into a history; the id of the one to look at."""

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
    with Store.open(path) as store:
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
