"""A speed is told only of what is long enough to have one."""

import pytest

from genesis_chat.engine import measured_speed


@pytest.mark.parametrize(
    ("tokens", "rate", "shown"),
    [
        (7, 2500.0, None),
        (15, 1000.0, None),
        (16, 1000.0, 1000.0),
        (7, 24.0, 24.0),
        (7, 24.1, None),
        (2, 4.0, 4.0),
        (1, None, None),
        (100, 0.0, None),
        (0, 5.0, None),
    ],
)
def test_from_sixteen_tokens_or_a_quarter_of_a_second_on(
    tokens: int, rate: float | None, shown: float | None
) -> None:
    assert measured_speed(tokens, rate) == shown
