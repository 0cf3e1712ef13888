"""Two columns of text in any width."""

import pytest
from textual.content import Content

from genesis_chat.tui.widgets.columns import Columns, Pair

ROWS = {
    "genesis-152m-instruct": "152M · int8 · 163.1 MB · apache-2.0",
    "old": "It is damaged; pull it again.",
    "mlx-community/Meta-Llama-3.1-8B-Instruct-4bit": "llama · 4.5 GB · llama3.1",
    "日本語": "漢字 in two cells each",
    "alone": "",
    "": "nobody",
}
PAIRS = [Pair(Content(left), Content(right)) for left, right in ROWS.items()]


@pytest.mark.parametrize("width", [8, 20, 24, 40, 66, 80, 120, 200])
def test_nothing_is_cut(width: int) -> None:
    columns = Columns(PAIRS)
    for row in PAIRS:
        lines = columns.lines(row, width)
        assert all(line.cell_length <= width for line in lines)
        shown = "".join(line.plain for line in lines)
        whole = row.left.plain + row.right.plain
        assert sorted(shown.replace(" ", "")) == sorted(whole.replace(" ", ""))


def test_all_begin_in_the_same_column() -> None:
    columns = Columns(PAIRS)
    for width in (40, 66, 120):
        left = columns.left(width)
        for row in PAIRS[:3]:
            last = columns.lines(row, width)[-1].plain
            assert last[left - 1] == " " and last[left] != " "


def test_a_long_name_has_a_line_of_its_own_where_that_is_shorter() -> None:
    columns = Columns(PAIRS)
    first, _, long, *_ = (columns.lines(row, 66) for row in PAIRS)
    assert [len(first), len(long)] == [1, 2]
    assert long[0].plain == PAIRS[2].left.plain
    # With more room every row is one line.
    assert all(len(columns.lines(row, 120)) == 1 for row in PAIRS)


def test_no_rows() -> None:
    assert Columns([]).left(80) < 80
