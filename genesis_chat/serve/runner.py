"""The thread in which models are loaded and reply, one request after the other."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Literal

from ..completions import ApiError, Completion
from ..engine import Engine, Event, Finished, ModelFacts, Request, Text, Thought
from ..errors import GenerationError, GenesisChatError
from .job import Begun, ClosingError, Ended, Job, Told
from .line import FullError, Line
from .log import Log
from .metrics import Metrics
from .models import Models
from .replies import Replies

Events = Generator[Event]
State = Literal["loading", "ready", "failed", "closing"]
UNREADY = {
    "loading": "The model is still loading; try again in a moment.",
    "failed": "The model could not be loaded; see what the server says.",
    "closing": "The server is shutting down; try again later.",
}


class Runner:
    """Owns the models; jobs come from the event loop's thread.

    Args:
        models: where they come from.
        waiting: how many jobs may wait.
        metrics: told of every reply.
        log: where conversations are kept; None keeps none.
        loaded: called when the default model is there, with what is known of it.
        failed: called when it cannot be loaded.
    """

    def __init__(
        self,
        models: Models,
        waiting: int,
        metrics: Metrics,
        log: Log | None,
        loaded: Callable[[ModelFacts], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.state: State = "loading"
        self._models, self._metrics, self._log = models, metrics, log
        self._loaded, self._failed = loaded, failed
        self._line = Line(waiting)
        self._replies = Replies()
        self._job: Job | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="model")

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._line)

    @property
    def busy(self) -> bool:
        """Whether a reply is being generated."""
        return self._job is not None

    @property
    def default_model(self) -> str | None:
        """The default model's name, once it is loaded."""
        return self._models.default

    def start(self) -> None:
        """Begin to load the default model."""
        self._thread.start()

    def submit(self, completion: Completion) -> Job:
        """Put a job into the line, from the event loop's thread. Raises `ApiError`."""
        if self.state != "ready":
            raise ApiError(
                503, UNREADY[self.state], code=f"server_{self.state}", retry_after=2
            )
        job = Job(completion, self._line.leave)
        try:
            self._line.put(job)
        except FullError:
            wait = self._metrics.seconds_per_reply * (self.waiting + 1)
            raise ApiError(
                429,
                f"{self.waiting} requests are waiting already; try again later.",
                code="queue_full",
                retry_after=max(1, round(wait)),
            ) from None
        return job

    def close(self) -> None:
        """Let nobody wait any more; the reply that runs goes on."""
        self.state = "closing"
        for job in self._line.close():
            job.tell(Ended(ClosingError()))

    def cut(self) -> None:
        """End the reply that runs, as it stands."""
        if job := self._job:
            job.cancelled = True

    def join(self, seconds: float) -> None:
        """Wait for the thread to end."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            genesis = self._models.open_default()
        except Exception as error:
            self.state = "failed"
            self._failed(error)
            return
        if self.state == "loading":
            self.state = "ready"
            self._loaded(genesis.model)
        while (job := self._line.get()) is not None:
            self._job = job
            job.tell(Ended(self._outcome(job)))
            self._job = None
        self._models.close()
        if self._log:
            self._log.close()

    def _outcome(self, job: Job) -> GenesisChatError | None:
        try:
            self._answer(job)
        except GenesisChatError as error:
            return error
        except Exception as error:
            # Nothing that was asked may be in the answer to it or in a log.
            return GenerationError(f"The model failed ({type(error).__name__}).")
        if job.cancelled and self.state == "closing":
            return ClosingError()
        return None

    def _answer(self, job: Job) -> None:
        engine = self._models.engine(job.completion.model)
        job.tell(Begun(engine.model))
        for index, request in enumerate(job.completion.requests):
            if job.cancelled:
                return
            self._reply(job, index, engine, request)

    def _reply(self, job: Job, index: int, engine: Engine, request: Request) -> None:
        model, start = engine.model, time.monotonic()
        request = self._replies.recognized(model.name, request)
        first = True
        with closing(self._events(job, engine, request)) as events:
            for event in events:
                if first and isinstance(event, Text | Thought):
                    first = False
                    if not index:
                        self._metrics.first_token(time.monotonic() - job.asked)
                if isinstance(event, Finished):
                    self._replies.remember(model.name, request, event.reply)
                    self._metrics.reply(event.reply, time.monotonic() - start)
                job.tell(Told(index, event))

    def _events(self, job: Job, engine: Engine, request: Request) -> Events:
        if self._log:
            return self._log.reply(engine, request, lambda: job.cancelled)
        return engine.reply(request, lambda: job.cancelled)
