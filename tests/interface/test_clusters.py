"""A cursor goes over characters as they are seen, and one key deletes one."""

from collections.abc import Callable

import pytest
from desk import Desk
from textual.widget import Widget
from textual.widgets import Input, TextArea

from genesis_chat.tui.widgets.clusters import deleted_left_of, left_of, right_of

Sit = Callable[..., None]
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
# One sign each, deleted whole.
SIGNS = [
    "👨\u200d👩\u200d👧\u200d👦",
    "👍🏽",
    "🏳\ufe0f\u200d🌈",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "🇩🇪",
    ENGLAND,
    "葛\U000e0100",
    "\u1112\u1161\u11ab",
    "한",
    "𠮷",
    "\u3000",
    "a",
]
# A letter with marks, which go one by one.
LETTERS = ["e\u0301", "ก\u0e47", "क\u094d", "ن\u064e\u0651", "ی\u200c", "x\u20d7\u0332"]
LETTERS += ["\u062f\u0610", "\u0645\u06d6\u06dc", "\u0430\u0483\u0487", "\u0600\u0661"]
# Each character by itself.
APART = ["ab", "한글", "\u200fx", "日本", "👩👧", "\u0301", "\udc00\u0301", "a\u200db"]


@pytest.mark.parametrize("cluster", [*SIGNS, *LETTERS], ids=ascii)
def test_a_cluster_is_one_step(cluster: str) -> None:
    for before in ("", "a", "日", "🇫🇷", "👩"):
        text = f"{before}{cluster}b"
        start, end = len(before), len(before) + len(cluster)
        assert (left_of(text, end), right_of(text, start)) == (start, end)
        # From within, out of it.
        for inside in range(start + 1, end):
            assert left_of(text, inside) == start and right_of(text, inside) == end
        one_by_one = end - 1 if cluster in LETTERS else start
        assert deleted_left_of(text, end) == one_by_one


@pytest.mark.parametrize("text", APART, ids=ascii)
def test_what_is_no_cluster(text: str) -> None:
    steps, at = 0, 0
    while at < len(text):
        steps, at = steps + 1, right_of(text, at)
    assert steps == len(text) - text.count("\u200d")
    assert deleted_left_of(text, len(text)) == len(text) - 1


@pytest.mark.parametrize("filler", ["日本", "한글", "é", "ab ", "👩"], ids=ascii)
def test_far_into_a_line(filler: str) -> None:
    before = filler * 5_000
    text = f"{before}{SIGNS[0]}क\u094dषन"
    first, second = len(before), len(before) + len(SIGNS[0])
    assert (left_of(text, second), right_of(text, first)) == (first, second)
    # A conjunct of an Indic script is one step, too.
    assert (left_of(text, second + 3), right_of(text, second)) == (second, second + 3)


def test_flags_go_by_pairs_and_ends_are_ends() -> None:
    text = "🇩🇪🇫🇷🇮"
    assert [left_of(text, at) for at in range(6)] == [0, 0, 0, 2, 2, 4]
    assert [right_of(text, at) for at in range(6)] == [2, 2, 4, 4, 5, 5]
    assert left_of("", 0) == right_of("", 0) == deleted_left_of("", 0) == 0


def written(field: Widget) -> str:
    return field.value if isinstance(field, Input) else field.text  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", ["", "ctrl+f"])
def test_fields_go_over_clusters(sit_down: Sit, where: str) -> None:
    text = f"e\u0301{SIGNS[0]}🇩🇪"

    async def visit(desk: Desk) -> None:
        if where:
            await desk.press(where)
        field = desk.app.focused
        assert isinstance(field, Input | TextArea)
        field.text = field.value = text  # type: ignore[union-attr]
        await desk.press("end", "left", "left", "x")
        assert written(field) == f"e\u0301x{SIGNS[0]}🇩🇪"
        await desk.press("backspace", "left", "right", "delete")
        assert written(field) == "e\u0301🇩🇪"
        await desk.press("end", "shift+left", "shift+right", "shift+left", "y")
        assert written(field) == "e\u0301y"
        await desk.press("backspace", "backspace", "backspace", "backspace")
        assert written(field) == ""

    sit_down(visit)
