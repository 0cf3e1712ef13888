"""How the rows of the mixers' picture are laid out in little height."""

import numpy as np
import pytest

from genesis_chat.engine import MixerReadings, PromptTokens
from genesis_chat.tui.mixers.picture import LEAST_BESIDE, Row, Shown, rows
from genesis_chat.tui.mixers.tokens import Tokens
from genesis_chat.tui.mixers.trace import Trace

READ = 96
FOX = tuple(range(4, 31, 4))
GLA = tuple(layer for layer in range(1, 31) if layer not in FOX)


@pytest.fixture
def shown() -> Shown:
    """The released model's shape: 23 layers of GLA, 7 of FoX, 9 heads."""
    trace, heard = Trace(), Tokens()
    heard.begin(PromptTokens(("word ",) * READ, (0, READ // 2)))
    ones = np.ones(READ, np.float32)
    readings = MixerReadings(
        decay=np.full((23, 1, 9), 0.9, np.float32),
        log_forget=np.full((7, 1, 9), -0.1, np.float32),
        remaining=np.ones((7, 9, READ), np.float32),
        surprise=ones,
        confidence=ones,
        mix=ones,
        gla_layers=GLA,
        fox_layers=FOX,
    )
    trace.take(readings)
    return Shown(trace, heard, learns=True)


def width(row: Row) -> int:
    """Columns of all of it, with one for each mark."""
    return sum(half.width + 1 for half in row.halves)


@pytest.mark.parametrize("columns", [LEAST_BESIDE, 77, 96])
def test_mixers_stand_beside_each_other(shown: Shown, columns: int) -> None:
    picture = rows(shown, columns, 15)
    assert all(row.beside for row in picture)
    assert all(width(row) <= columns + 1 for row in picture)
    left = [row.layer.number for row in picture if row.layer]
    assert left == list(GLA)
    # All that is no GLA is within the height.
    beside = [row.beside.layer for row in picture[:15] if row.beside]
    assert [each.number for each in beside if each] == [*FOX, 0, 0, 0]
    # What is beside begins in one column.
    assert len({row.width for row in picture}) == 1


@pytest.mark.parametrize(
    ("columns", "height"), [(77, 60), (77, None), (LEAST_BESIDE - 1, 15)]
)
def test_they_stand_below_each_other_where_they_fit_or_have_no_room(
    shown: Shown, columns: int, height: int | None
) -> None:
    picture = rows(shown, columns, height)
    assert not any(row.beside for row in picture)
    assert picture == rows(shown, columns)
