"""What the interface changes of its process while it runs, and gives back."""

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Handler = Callable[[int, Any], object]
# In collections of the middle generation; Python's own is 10.
FULL_COLLECTION_AFTER = 30


@contextmanager
def signals_go_to(handler: Handler, names: Sequence[str]) -> Iterator[None]:
    """Meanwhile these signals, as far as the system has them, call `handler`."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before: list[tuple[int, Any]] = []
    try:
        for number in numbers:
            before.append((number, signal.signal(number, handler)))
        yield
    finally:
        for number, previous in before:
            # None is a handler that Python cannot set again.
            signal.signal(number, signal.SIG_DFL if previous is None else previous)


@contextmanager
def few_full_collections() -> Iterator[None]:
    """Meanwhile full collections of garbage wait for a pause; see `tidy_soon`."""
    before = gc.get_threshold()
    gc.set_threshold(*before[:2], FULL_COLLECTION_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def interrupts_ignored() -> AbstractContextManager[None]:
    """Meanwhile Ctrl-C is for another program that has the terminal.

    By a handler, which it does not inherit as it would `SIG_IGN`.
    """
    return signals_go_to(lambda number, frame: None, ["SIGINT"])
