"""The history on a thread of its own, for the interface and for the turns."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ...history import Store

T = TypeVar("T")


class History:
    """The one store; what is asked is answered in its order."""

    def __init__(self, path: Path | None, recovered: Callable[[str], None]) -> None:
        self._executor = ThreadPoolExecutor(1, "history")
        self._store: Future[Store] = self._executor.submit(
            lambda: Store.open(path, recovered=lambda r: recovered(str(r)))
        )

    async def call(self, ask: Callable[[Store], T]) -> T:
        """What `ask` returns, given the store. Raises `HistoryError`."""
        return await asyncio.wrap_future(self.submit(ask))

    def submit(self, ask: Callable[[Store], T]) -> Future[T]:
        """As `call`, for who does not wait in an event loop."""
        return self._executor.submit(lambda: ask(self._store.result()))

    def close(self) -> None:
        """Finish what was asked and close the store."""
        closed = self._executor.submit(self._close)
        closed.result()
        self._executor.shutdown()

    def _close(self) -> None:
        if self._store.exception() is None:
            self._store.result().close()
