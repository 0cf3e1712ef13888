"""How many threads NumPy's BLAS takes for a matrix product."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from threadpoolctl import LibController, ThreadpoolController


class OneThread:
    """A limit of one thread that libraries are under as long as anybody needs it.

    Most know one number for the whole process, which whoever comes first sets and
    whoever leaves last sets back; of the others every thread sets its own.
    """

    def __init__(self, libraries: Sequence[LibController]) -> None:
        self._of_threads = [each for each in libraries if _counts_by_thread(each)]
        self._of_process = [each for each in libraries if not _counts_by_thread(each)]
        self._lock = threading.Lock()
        # By thread, and as often as each of them needs it.
        self._holders: list[int] = []
        self._before: list[int] = []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, every product stays on the thread that asks for it."""
        own, holder = _numbers(self._of_threads), threading.get_ident()
        try:
            _set(self._of_threads, [1] * len(own))
            self._take(holder)
            yield
        finally:
            self._release(holder)
            _set(self._of_threads, own)

    def _take(self, holder: int) -> None:
        with self._lock:
            self._holders.append(holder)
            if len(self._holders) == 1:
                self._before = _numbers(self._of_process)
                _set(self._of_process, [1] * len(self._before))

    def _release(self, holder: int) -> None:
        with self._lock:
            # It is not there if Ctrl-C came before it was.
            if holder in self._holders:
                self._holders.remove(holder)
                self._lift()

    def _lift(self) -> None:
        if not self._holders and self._before:
            _set(self._of_process, self._before)
            self._before = []

    def forget_other_threads(self) -> None:
        """In a process that was forked off, which has none of them."""
        self._lock = threading.Lock()
        own = threading.get_ident()
        self._holders = [holder for holder in self._holders if holder == own]
        self._lift()


def _counts_by_thread(library: LibController) -> bool:
    layer = getattr(library, "threading_layer", "")
    return library.internal_api == "mkl" or layer == "openmp"


def _numbers(libraries: Sequence[LibController]) -> list[int]:
    return [each.num_threads for each in libraries]


def _set(libraries: Sequence[LibController], numbers: Sequence[int]) -> None:
    for library, number in zip(libraries, numbers, strict=True):
        # It obeys only the thread that asked first, which may not be the last to leave.
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)
        library.set_num_threads(number)


# Made with the import, of which there is one: two would not know of each other.
_one_thread = OneThread(ThreadpoolController().select(user_api="blas").lib_controllers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_thread.forget_other_threads)


def one_thread_each() -> AbstractContextManager[None]:
    """Meanwhile every matrix product stays on the thread that asks for it.

    With another number of threads BLAS adds in another order and rounds otherwise.
    """
    return _one_thread.held()
