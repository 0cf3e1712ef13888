"""Work that two threads do in an order that gives the same result as one."""

import math
import threading
from collections.abc import Iterator, Sequence

from .blas import one_thread_each


def in_order(works: Sequence[Iterator[None]], threads: int) -> None:
    """Run iterators whose n-th step needs the n-th step of the one before.

    Of two threads each runs every other work, and no matrix product takes more. What
    a step raises ends both threads and is raised here.
    """
    if threads < 2 or len(works) < 2:
        with one_thread_each():
            for work in works:
                for _ in work:
                    pass
        return
    order = _Order(works)
    other = threading.Thread(target=order.run_of_other, name="other half of a prompt")
    other.start()
    try:
        order.run(0)
    except BaseException:
        order.stop()
        raise
    finally:
        other.join()
    if order.failure:
        raise order.failure


class _Order:
    def __init__(self, works: Sequence[Iterator[None]]) -> None:
        self._works = works
        self._done = [0.0] * len(works)
        self._changed = threading.Condition()
        self._stopped = False
        self.failure: BaseException | None = None

    def run(self, first: int) -> None:
        """Do every second work from the `first` on."""
        with one_thread_each():
            for number in range(first, len(self._works), 2):
                work, done = self._works[number], 0
                while self._may_do(number, done) and next(work, self) is None:
                    done += 1
                    self._tell(number, done)
                self._tell(number, math.inf)

    def run_of_other(self) -> None:
        """The same for the thread that cannot raise."""
        try:
            self.run(1)
        except BaseException as error:
            self.failure = error
            self.stop()

    def stop(self) -> None:
        """Let both end at their next step."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _tell(self, number: int, done: float) -> None:
        with self._changed:
            self._done[number] = done
            self._changed.notify_all()

    def _may_do(self, number: int, step: int) -> bool:
        """Wait for the step's turn; False once the other thread has failed."""
        with self._changed:
            while number and self._done[number - 1] <= step and not self._stopped:
                self._changed.wait()
            return not self._stopped
