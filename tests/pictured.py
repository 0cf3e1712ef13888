"""What the pictured conversations hold."""

from genesis_chat.history import Receipt

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
