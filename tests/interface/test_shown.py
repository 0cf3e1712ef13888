"""Text from anywhere, as the interface shows it: 5,000 strings in every sink."""

import re

import pytest
from hostile import PAYLOADS, strings

from genesis_chat.tui.widgets.folding import Folds
from genesis_chat.tui.widgets.shown import code_blocks, line, marked, open_fence, plain

ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
TEXTS = [*PAYLOADS, *strings(5000, seed=3)]


@pytest.mark.parametrize("show", [plain, line, lambda text: marked(text, "a [b] x")])
def test_no_character_acts(show: object) -> None:
    for text in TEXTS:
        shown = show(text)  # type: ignore[operator]
        assert not ACTS.search(shown.plain), ascii(text)
        # No markup was read: what looks like it is still there.
        assert shown.plain.count("[") == text.count("[")
        if show is not plain:
            assert "\n" not in shown.plain


def test_folds_open_to_what_was_folded() -> None:
    folds = Folds()
    texts = [f"{text}\n" * 12 for text in TEXTS[:500]]
    names = ["name\x1b]", ""] * (len(texts) // 2)
    marks = [folds.fold(*each) for each in zip(texts, names, strict=True)]
    for text, mark in zip(texts, marks, strict=True):
        assert "\n" not in mark and not ACTS.search(mark) and len(mark) < 80
        assert folds.unfold(f"see {mark} there") == f"see {text} there"
    unknown = "[pasted 3 lines, 4 B #99999]"
    assert folds.unfold(unknown) == unknown
    assert folds.fold("short") == "short"


@pytest.mark.parametrize(
    ("text", "blocks", "is_open"),
    [
        ("```python\nx = 1\n```\n", ["x = 1"], False),
        ("a\n~~~\n```\n~~~\nb", ["```"], False),
        ("```\none\n```\n\n```js\ntwo", ["one", "two"], True),
        ("````\n```\n````", ["```"], False),
        ("``` not` a fence\n", [], False),
        ("    ```\nindented", ["```"], False),
        ("10. in a list\n    ```js\n    two\n", ["two"], True),
        ("> ~~~\n> quoted", ["quoted"], True),
        ("```js\n\n\n", [""], True),
        ("```js\n\n\n```", [""], False),
        ("1. ```\n   left open\n\nafter it", ["left open"], False),
        ("```\n```python\nx\n```", ["```python\nx"], False),
        ("no code", [], False),
    ],
)
def test_fences(text: str, blocks: list[str], is_open: bool) -> None:
    assert code_blocks(text) == blocks
    assert (open_fence(text) is not None) == is_open
