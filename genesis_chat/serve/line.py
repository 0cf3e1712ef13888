"""The line in which requests wait for the model."""

import threading
from collections import deque
from collections.abc import Callable

from .job import Job


class FullError(Exception):
    """So many wait that one more would wait too long."""


class Line:
    """Jobs in the order in which they came, a bounded number; for several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Join the end of it. Raises `FullError`."""
        with self._changed:
            if len(self._jobs) >= self._limit:
                raise FullError
            self._jobs.append(job)
            self._changed.notify()

    def get(self) -> Job | None:
        """Wait for whoever is first; None when the line is closed."""
        with self._changed:
            while not (self._jobs or self._closed):
                self._changed.wait()
            return None if self._closed else self._jobs.popleft()

    def next_if(self, fits: Callable[[Job], bool]) -> Job | None:
        """Whoever is first, without waiting, if the job fits; nobody is passed over."""
        with self._changed:
            if self._closed or not self._jobs or not fits(self._jobs[0]):
                return None
            return self._jobs.popleft()

    def leave(self, job: Job) -> None:
        """Make room for others, if it is still waiting."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)

    def close(self) -> list[Job]:
        """Let nobody wait any more; those who did."""
        with self._changed:
            left = list(self._jobs)
            self._jobs.clear()
            self._closed = True
            self._changed.notify_all()
            return left
