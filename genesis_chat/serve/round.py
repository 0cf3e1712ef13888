"""Jobs whose replies are generated at the same time, by one model."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from weakref import WeakSet

from ..engine import (
    Asked,
    Engine,
    Event,
    Finished,
    Request,
    Text,
    Thought,
    reply_as_they_come,
)
from ..errors import GenesisChatError
from .job import Begun, Job, Told
from .log import Kept, Log
from .metrics import Metrics
from .replies import Replies


@dataclass(frozen=True)
class Keeping:
    """What is kept of replies: their ids, counts, and with a `log` what they say."""

    replies: Replies
    metrics: Metrics
    log: Log | None


class Round:
    """Begins with one job, and takes more while it goes on and there is room.

    Args:
        engine: what replies; of up to `width` replies at a time it decodes tokens.
        width: how many.
        another: gives the next job that may join, or None when there is none.
        keeping: what is kept of every reply.
        ended: called for each job that is over, with what ended it, if anything did.
    """

    def __init__(
        self,
        engine: Engine,
        width: int,
        another: Callable[[], Job | None],
        keeping: Keeping,
        ended: Callable[[Job, Exception | None], None],
    ) -> None:
        self._engine, self._width, self._another = engine, width, another
        self._keeping, self._ended = keeping, ended
        self._unasked: deque[_Choice] = deque()
        self._begun: list[_Choice] = []
        self._left: dict[Job, int] = {}
        # Replies of a job that one of them has ended may still come.
        self._over: WeakSet[Job] = WeakSet()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Those that are being answered."""
        return tuple(self._left)

    def run(self, job: Job) -> None:
        """Answer a job and those that join it."""
        self._take(job)
        try:
            events = reply_as_they_come(self._engine, self._next, self._width)
            with closing(events):
                for choice, event in events:
                    self._tell(choice, event)
                    if choice.over:
                        self._end(choice)
        except Exception as error:
            for job in self.jobs:
                self._forget(job, error)
        finally:
            for choice in self._begun:
                choice.close()

    def _take(self, job: Job) -> None:
        job.tell(Begun(self._engine.model))
        requests = job.completion.requests
        self._left[job] = len(requests)
        self._unasked += [_Choice(job, n, each) for n, each in enumerate(requests)]

    def _next(self) -> "Asked[_Choice] | None":
        while True:
            if not self._unasked and (job := self._another()) is not None:
                self._take(job)
            if not self._unasked:
                return None
            choice = self._unasked.popleft()
            if not choice.job.cancelled:
                break
            self._forget(choice.job, None)
        model, keeping = self._engine.model, self._keeping
        request = keeping.replies.recognized(model.name, choice.request)
        kept = keeping.log.keep(model, request) if keeping.log else None
        choice.begin(request, kept)
        self._begun.append(choice)
        return Asked(choice, choice.request, lambda: choice.job.cancelled)

    def _tell(self, choice: "_Choice", event: Event | GenesisChatError) -> None:
        if isinstance(event, GenesisChatError):
            choice.over, choice.error = True, event
            return
        choice.keep(event)
        if not choice.spoke and isinstance(event, Text | Thought):
            choice.spoke = True
            if not choice.index:
                self._keeping.metrics.first_token(time.monotonic() - choice.job.asked)
        if isinstance(event, Finished):
            # An error follows a reply that it has ended.
            choice.over = event.reply.finish_reason != "error"
            name = self._engine.model.name
            self._keeping.replies.remember(name, choice.request, event.reply)
            self._keeping.metrics.reply(event.reply, time.monotonic() - choice.start)
        choice.job.tell(Told(choice.index, event))

    def _end(self, choice: "_Choice") -> None:
        job = choice.job
        choice.close()
        self._begun.remove(choice)
        if job in self._over:
            return
        self._left[job] -= 1
        if choice.error is not None or job.cancelled or not self._left[job]:
            self._forget(job, choice.error)

    def _forget(self, job: Job, error: Exception | None) -> None:
        """The job is over, though replies to it may still be ending."""
        self._unasked = deque(each for each in self._unasked if each.job is not job)
        if job not in self._over:
            del self._left[job]
            self._over.add(job)
            self._ended(job, error)


class _Choice:
    """One of the replies that a job asks for."""

    def __init__(self, job: Job, index: int, request: Request) -> None:
        self.job, self.index, self.request = job, index, request
        self.start = 0.0
        self.spoke = self.over = False
        self.error: GenesisChatError | None = None
        self._kept: Kept | None = None

    def begin(self, request: Request, kept: Kept | None) -> None:
        """Its turn has come; the request has the ids of replies that are known."""
        self.request, self.start, self._kept = request, time.monotonic(), kept

    def keep(self, event: Event) -> None:
        """Keep what an event tells, where that was asked for."""
        if self._kept:
            self._kept.take(event)

    def close(self) -> None:
        """Nothing more comes."""
        if self._kept:
            self._kept.close()
