"""Cases that run with `make test-all` only."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def slow(*case: Any) -> Any:
    """A case for `parametrize` that is marked slow."""
    return pytest.param(*case, marks=pytest.mark.slow)


def slow_after(count: int, cases: Iterable[Any]) -> list[Any]:
    """Cases of one value each, of which all after the first few are marked slow."""
    return [slow(case) if n >= count else case for n, case in enumerate(cases)]


def slow_but(few: Collection[Any], cases: Iterable[Any]) -> list[Any]:
    """Cases of one value each, of which all but a few are marked slow."""
    return [case if case in few else slow(case) for case in cases]
