"""What the pictured conversations hold, and how they come to be looked at."""

from dataclasses import replace
from pathlib import Path

from desk import Desk

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
SCRIPTS = """\
Good morning, in a few scripts 👋🏽:

- 日本語: **おはようございます** (ohayō gozaimasu)
- 한국어: 좋은 아침이에요
- العربية: صباح الخير
- עברית: בוקר טוב
- हिन्दी: सुप्रभात
- é and é, ﬁ and fi, 1️⃣ and 👨‍👩‍👧

| language | greeting | columns |
|----------|----------|--------:|
| 日本語   | おはよう |       8 |
| العربية  | صباح     |       4 |
| English  | morning  |       7 |

```text
全角文字と半角 abc|
0123456789012345678|
```

https://example.org/an-address/that-is/longer-than-any/line-of-this-transcript/may-be/and-goes-on
"""


def said(*texts: str, cut: bool = False) -> tuple[NewMessage, ...]:
    """A conversation of questions and replies, a minute apart; the last may be cut."""
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
    if cut:
        found[-1] = replace(found[-1], status="interrupted")
    return tuple(found)


def keep_chats(path: Path) -> str:
    """A history with a few conversations; the id of the one to look at."""
    mixers = said("What are your mixers?", "Three.", "Show me.", MARKDOWN)
    again = NewMessage("assistant", "Two.", 0, MARCH, receipt=RECEIPT)
    cut = said("Tell me a story", "Once upon a", cut=True)
    long = "A title that is far too long for the list on the left"
    with Store.open(path) as store:
        made = store.insert(
            [
                NewConversation("A story", "", cut, created=MARCH - 10),
                NewConversation(
                    "Mixers & [b]markup[/b]", "", (*mixers, again), 3, created=MARCH
                ),
                NewConversation(long, ""),
            ]
        )
        store.pin(made[0].id, True)
        store.delete(made[2].id)
    return made[1].id


async def back(desk: Desk) -> None:
    """Leave whatever lies on the chat."""
    await desk.press("escape")
    await desk.until(lambda: desk.app.screen is desk.chat)
