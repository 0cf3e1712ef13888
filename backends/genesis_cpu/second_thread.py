"""The thread that does a part of every product while a model writes."""

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from .ops.products import assist
from .pace import Pace
from .products import ENDED, PARKED, Products

# Only a thread that the system holds back takes so long.
ENDING_SECONDS = 2.0


class SecondThread:
    """Helps one caller at a time; another caller meanwhile does without.

    Args:
        matrices: large weights.
        products: of the model, for a thread alone.
        wanted: whether there is to be a second thread at all.
    """

    def __init__(
        self, matrices: NDArray[Any], products: Products, wanted: bool
    ) -> None:
        self._alone = products
        self._shared = products.for_two() if wanted else None
        self._matrices = matrices
        self._free = threading.Lock()
        self._pace = Pace()
        self._assistant: _Assistant | None = None

    @contextmanager
    def helping(self) -> Iterator[Products]:
        """The products of one token to do meanwhile, with help if that is faster."""
        if self._shared is None or not self._free.acquire(blocking=False):
            yield self._alone
            return
        try:
            began, together = time.perf_counter(), self._pace.together()
            if together:
                self._wake(self._shared)
            yield self._shared if together else self._alone
            self._pace.took(time.perf_counter() - began)
        finally:
            self._free.release()

    def compile(self) -> None:
        """Run its kernel once, with nothing to do."""
        if self._shared is not None:
            ended = self._alone.for_two()
            ended.words[ENDED] = 1
            assist(self._matrices, ended)

    def _wake(self, products: Products) -> None:
        # A process that was forked off has the object, but not its thread.
        if self._assistant is None or not self._assistant.is_alive():
            self._assistant = _Assistant(self._matrices, products)
            self._assistant.start()
            weakref.finalize(self, self._assistant.end)
        if products.words[PARKED]:
            self._assistant.awake.set()


class _Assistant(threading.Thread):
    """Sleeps until it is woken, and after a while without work."""

    def __init__(self, matrices: NDArray[Any], products: Products) -> None:
        # Nothing is lost if the program ends in the middle of a product.
        super().__init__(name="second thread of a model", daemon=True)
        self._arguments, self._words = (matrices, products), products.words
        self._words[PARKED] = 1
        self.awake = threading.Event()

    def run(self) -> None:
        while not self._words[ENDED]:
            self.awake.wait()
            self.awake.clear()
            self._words[PARKED] = 0
            assist(*self._arguments)

    def end(self) -> None:
        """End the thread.

        A program that ends takes compiled code away under a thread that still runs it.
        """
        self._words[ENDED] = 1
        self.awake.set()
        # A collection of garbage may come upon the model in any thread.
        if threading.current_thread() is not self:
            self.join(ENDING_SECONDS)
