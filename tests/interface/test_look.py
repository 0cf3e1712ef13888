"""Rows, tables, code and gauges: exact in width, and nothing of a text is lost."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from desk import Desk
from rich.cells import cell_len
from textual.content import Content

from genesis_chat.history import (
    Conversation,
    Hit,
    NewConversation,
    NewMessage,
    Receipt,
    Store,
    StoredMessage,
)
from genesis_chat.tui.chat_list.rows import WIDTH, chat_row
from genesis_chat.tui.chat_list.rows import found as search_rows
from genesis_chat.tui.widgets.code import Fence, Lines
from genesis_chat.tui.widgets.foot import Foot
from genesis_chat.tui.widgets.gauge import EMPTY, FULL, gauge
from genesis_chat.tui.widgets.header import Header
from genesis_chat.tui.widgets.shown_message import Shown
from genesis_chat.tui.widgets.table import Cells, Grid, _lines

Sit = Callable[..., None]
NOW = datetime(2026, 5, 20, 15, 0)
WIDE_CELL = "A sentence of some words that would not fit into any column"


def cells(*rows: str, aligned: tuple[str, ...] = ()) -> Cells:
    made = [[Content(cell) for cell in row.split("|")] for row in rows]
    return Cells(made[0], made[1:], aligned)  # type: ignore[arg-type]


def table(width: int, found: Cells) -> list[str]:
    return [each.plain for each in _lines(found, width)]


@pytest.mark.parametrize("width", [12, 20, 33, 60, 200])
def test_a_table_fits_and_says_all_its_words(width: int) -> None:
    found = cells("mixer|what it does", f"GLA|{WIDE_CELL}", "日本語の俳句|poem")
    rows = table(width, found)
    assert all(cell_len(row) <= max(width, 15) for row in rows)
    words = re.sub(r"\s", "", "".join(row[cell_len("") :] for row in rows))
    if width >= 60:
        assert all(word in " ".join(rows) for word in WIDE_CELL.split())
    # Broken words are whole when they are put together.
    assert sorted(words.replace("─", "")) == sorted(
        re.sub(r"\s", "", f"mixerwhatitdoesGLA{WIDE_CELL}日本語の俳句poem")
    )


def test_columns_are_aligned_as_they_say() -> None:
    found = cells(
        "name|n|mid", "a|1|x", "bbb|100|xxxxx", aligned=("left", "right", "center")
    )
    assert table(40, found) == [
        "name     n    mid ",
        "──────────────────",
        "a        1     x  ",
        "bbb    100   xxxxx",
    ]


def test_a_row_without_some_cells_is_a_row() -> None:
    found = cells("a|b|c", "1")
    assert len(table(40, found)) == 3


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ("My name is Bob and I live in Lisbon.", 2),
        ("Lisbon", 1),
        (f"{'x' * 90} Lisbon {'y' * 90}", 2),
        ("日本語の俳句" * 8 + " Lisbon", 2),
    ],
)
def test_what_was_found_is_in_sight_and_within_the_list(said: str, rows: int) -> None:
    when = int(NOW.timestamp() * 1000)
    chat = Conversation("1", "A trip to Lisbon", "", None, when, when, None, 2, False)
    message = StoredMessage("2", "1", None, "user", said, "complete", when, (), None)
    options = search_rows("lisbon", [chat], [Hit(chat, message, said)], NOW)
    shown = [str(option.prompt) for option in options]
    lines = [line for each in shown for line in each.split("\n") if line]
    assert all(line.startswith("  ") and cell_len(line) <= WIDTH for line in lines)
    # The chat stands there twice, as a title and above its message, with its time.
    assert sum(line.rstrip().endswith("15:00") for line in lines) == 2
    snippet = shown[-1].split("\n")[1:]
    assert len(snippet) == rows and any("Lisbon" in line for line in snippet)


@pytest.mark.parametrize(
    "title", ["", "Bob", "A very long title that goes on", "日本語の俳句" * 5]
)
@pytest.mark.parametrize("ago", [0, 1, 3, 40, 400])
@pytest.mark.parametrize("pinned", [False, True])
def test_a_chat_is_one_row_of_the_lists_width(
    title: str, ago: int, pinned: bool
) -> None:
    when = int((NOW - timedelta(days=ago)).timestamp() * 1000)
    chat = Conversation("1", title, "", None, when, when, None, 2, pinned)
    for current in (False, True):
        row = chat_row(chat, current=current, today=NOW)
        assert "\n" not in row.plain and row.cell_length == WIDTH
        assert row.plain.startswith("▌") == current


@pytest.mark.parametrize(
    ("share", "filled"), [(0, 0), (0.001, 1), (0.5, 8), (1, 16), (7, 16)]
)
def test_a_gauge_is_read_without_colours(share: float, filled: int) -> None:
    shown = gauge(share, 16).plain
    assert shown == FULL * filled + EMPTY * (16 - filled)


def said(path: Path, reply: str) -> str:
    """A conversation with a reply; its id."""
    messages = [NewMessage("user", "Go on", None), NewMessage("assistant", reply, 0)]
    with Store.open(path / "history.sqlite3") as store:
        (made,) = store.insert([NewConversation("Chat", "", messages, 1)])
    return made.id


def test_code_is_cut_with_a_sign_and_copied_whole(
    sit_down: Sit, tmp_path: Path
) -> None:
    long = "x = " + "+".join(map(str, range(200)))
    reply = f"Code:\n\n```python\n{long}\nprint(x)\n```\n\n- [x] done\n"

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "python" in desk.seen())
        await desk.until(lambda: "☑ done" in desk.seen())
        lines = desk.chat.query_one(Lines)
        row = next(r for r in desk.seen().splitlines() if "x = 0+1" in r)
        assert "›" in row
        lines.action_move(1)
        await desk.until(lambda: "‹" in desk.seen())
        await desk.pilot.click(".copy")
        await desk.until(lambda: desk.app.clipboard.startswith("x = 0+1"))
        assert desk.app.clipboard == f"{long}\nprint(x)"

    sit_down(visit, conversation=said(tmp_path, reply))


def test_a_link_in_a_cell_is_asked_about(sit_down: Sit, tmp_path: Path) -> None:
    reply = "| a |\n|---|\n| [there](https://example.org) |\n"

    async def visit(desk: Desk) -> None:
        grid = desk.chat.query_one(Grid)
        await grid.action_link("https://example.org")
        await desk.until(lambda: "Open this in your browser?" in desk.seen())

    sit_down(visit, conversation=said(tmp_path, reply))


def test_the_line_under_a_selected_message_keeps_its_time() -> None:
    receipt = Receipt("a-model-of-long-name", None, {}, 1, 9, 9, 64, 0.1, 100.0, "stop")
    at = int(datetime(2026, 5, 20, 15, 4).timestamp() * 1000)
    reply = StoredMessage("r", "c", "q", "assistant", "", "complete", at, (), receipt)
    foot = Foot()
    foot.show(Shown(reply, "Genesis", 1, 2), details=True)
    lines = [foot._fitting(width).plain for width in range(99, 4, -1)]
    assert lines[0] == (
        "Genesis   ‹ 1 of 2 ›   64 tokens · 100 tok/s · first token 0.10 s"
        "   15:04 · a-model-of-long-name"
    )
    assert all("15:04" in text for text in lines)
    # What says least goes first: each part is there as long as all before it are.
    parts = ("Genesis", "‹ 1 of 2 ›", "64 tokens", "tok/s", "first token", "a-model")
    for text in (text for text in lines if "Genesis" in text):
        there = [part in text for part in parts]
        assert there == sorted(there, reverse=True)
    foot.show(Shown(reply, "Genesis", 1, 2), details=False)
    assert "15:04" not in foot._fitting(90).plain


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)])
def test_the_label_of_a_block_of_code_has_the_padding_of_the_code(
    sit_down: Sit, tmp_path: Path, size: tuple[int, int]
) -> None:
    reply = f"```python\nx = {'1' * size[0]}\n```"

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: "B copy" in desk.seen())
        fence = desk.chat.query_one(Fence)
        label, copy, code = (
            fence.query_one(name) for name in (".language", ".copy", ".code")
        )
        for theme in ("genesis-dark", "genesis-light", "ansi-dark", "nord"):
            desk.app.theme = theme
            await desk.idle()
            block = fence.region
            assert label.region.x == code.region.x == block.x + 2
            assert copy.region.right == code.region.right == block.right - 2
            assert label.region.y - block.y == block.bottom - code.region.bottom

    sit_down(visit, size=size, conversation=said(tmp_path, reply))


@pytest.mark.parametrize("theme", ["genesis-dark", "genesis-light", "nord"])
def test_the_header_is_told_from_a_question_right_below_it(
    sit_down: Sit, tmp_path: Path, theme: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.until(lambda: desk.views)
        header, question = desk.chat.query_one(Header), desk.views[0]
        await desk.until(lambda: question.region.y == header.region.bottom)
        assert header.background_colors[1] != question.background_colors[1]

    sit_down(visit, size=(80, 24), theme=theme, conversation=said(tmp_path, "Yes."))
