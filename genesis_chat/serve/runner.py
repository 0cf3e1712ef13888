"""The thread in which models are loaded and reply."""

import threading
from collections.abc import Callable, Generator
from typing import Literal

from ..completions import ApiError, Completion
from ..engine import Event, ModelFacts
from ..errors import GenerationError, GenesisChatError
from .job import ClosingError, Ended, Job
from .line import FullError, Line
from .log import Log
from .metrics import Metrics
from .models import Models
from .replies import Replies
from .round import Keeping, Round

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
        width: how many replies to decode in one step, where the backend can.
        metrics: told of every reply.
        log: where conversations are kept; None keeps none.
        loaded: called when the default model is there, with what is known of it.
        failed: called when it cannot be loaded.
    """

    def __init__(
        self,
        models: Models,
        waiting: int,
        width: int,
        metrics: Metrics,
        log: Log | None,
        loaded: Callable[[ModelFacts], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.state: State = "loading"
        self._models, self._metrics, self._log = models, metrics, log
        self._width = width
        self._loaded, self._failed = loaded, failed
        self._line = Line(waiting)
        self._replies = Replies()
        self._round: Round | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="model")

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._line)

    @property
    def running(self) -> int:
        """How many jobs are being answered."""
        return len(self._jobs)

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
        """Let nobody wait any more; the replies that run go on."""
        self.state = "closing"
        for job in self._line.close():
            job.tell(Ended(ClosingError()))

    def cut(self) -> None:
        """End the replies that run, as they stand."""
        for job in self._jobs:
            job.cancelled = True

    def join(self, seconds: float) -> None:
        """Wait for the thread to end."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    @property
    def _jobs(self) -> tuple[Job, ...]:
        going = self._round
        return going.jobs if going else ()

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
            self._answer(job)
        self._models.close()
        if self._log:
            self._log.close()

    def _answer(self, job: Job) -> None:
        """Answer a job, and others for the same model that come meanwhile."""

        def another() -> Job | None:
            return self._line.next_if(lambda other: self._model(other) == model)

        model = self._model(job)
        try:
            engine = self._models.engine(job.completion.model)
        except Exception as error:
            self._end(job, error)
            return
        keeping = Keeping(self._replies, self._metrics, self._log)
        self._round = Round(engine, self._width, another, keeping, self._end)
        self._round.run(job)
        self._round = None

    def _model(self, job: Job) -> str | None:
        return job.completion.model or self._models.default

    def _end(self, job: Job, error: Exception | None) -> None:
        if error is None and job.cancelled and self.state == "closing":
            error = ClosingError()
        if error is not None and not isinstance(error, GenesisChatError):
            # Nothing that was asked may be in the answer to it or in a log.
            error = GenerationError(f"The model failed ({type(error).__name__}).")
        job.tell(Ended(error))
