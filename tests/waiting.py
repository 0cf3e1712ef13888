"""Waiting for what is going to be so, however long a busy computer takes."""

import time
from collections.abc import Callable

# Only what never happens takes so long.
PATIENCE_SECONDS = 120.0


def wait_until(condition: Callable[[], object]) -> None:
    """Until something is so; it fails when that never comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "this never came"
        time.sleep(0.01)
