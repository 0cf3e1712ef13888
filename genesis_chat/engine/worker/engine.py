"""The engine in a process of its own: what happens there cannot happen here."""

import itertools
import queue
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import GenerationError, ModelError
from ...model_choice import ANY_MODEL, ModelChoice
from ..checking import check
from ..events import Context, Event, Finished, PromptProgress, Reply, Text, Thought
from ..protocol import ModelFacts, Request
from ..snapshots import Snapshots
from .messages import (
    LOADING,
    Ask,
    Begun,
    Cancel,
    Done,
    Keep,
    Load,
    Loaded,
    Preparing,
    Told,
)
from .process import Process

# How often the caller is asked whether it wants to cancel.
POLL_SECONDS = 0.02
# After this a reply that was cancelled and does not end is taken for stuck.
STUCK_SECONDS = 30.0


class WorkerEngine:
    """Replies with a model that is loaded in another process; see `Engine`.

    The process starts at once, and loads while the caller does something else. When
    it crashes it is started again: the reply ends with an error, and the next
    request finds a model. It ends with this process, even when that is killed. What
    is asked while it replies is answered after that.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        sha256: str | None = None,
        snapshots: Snapshots | None = None,
        choice: ModelChoice = ANY_MODEL,
        preparing: Callable[[str], object] = lambda text: None,
    ) -> None:
        self._load = Load(directory, name, sha256, snapshots, choice)
        self._preparing = preparing
        self._numbers = itertools.count(1)
        self._model: ModelFacts | None = None
        self._process: Process | None = Process(self._load)
        # Held while a model is waited for, and while a process is put in place.
        self._loading, self._placing = threading.RLock(), threading.RLock()

    @property
    def pid(self) -> int | None:
        """The worker's process id, None when there is none."""
        process = self._process
        return process.pid if process else None

    @property
    def model(self) -> ModelFacts:
        """See `Engine.model`; waits until it is loaded, anew if it was lost."""
        with self._loading:
            return self._loaded()

    def _loaded(self) -> ModelFacts:
        with self._placing:
            process, model = self._placed(), self._model
        if model is not None:
            return model
        while isinstance(answer := process.receive(LOADING, None), Preparing):
            self._preparing(answer.text)
        with self._placing:
            if self._process is process:
                if isinstance(answer, Loaded):
                    self._model = answer.model
                else:
                    self._process = None
        if isinstance(answer, Loaded):
            return answer.model
        if isinstance(answer, Done) and answer.error:
            process.kill()
            raise answer.error
        how = process.end()
        process.kill()
        if process.closed:
            raise ModelError(
                f"{self._load.name} was closed while it loaded. Try again to load it "
                "anew."
            )
        last_words = f" {process.last_words.strip()[-300:]}".rstrip()
        raise ModelError(
            f"The model process crashed ({how}) while loading "
            f"{self._load.name}; run `genesis-chat doctor`.{last_words}"
        )

    def _placed(self) -> Process:
        """The process that is there, or another where there is none."""
        with self._placing:
            if self._process is None:
                self._process = Process(self._load)
            return self._process

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        """See `Engine.reply`."""
        request = replace(request, settings=request.settings.seeded())
        check(request.settings)
        facts = self.model
        number = next(self._numbers)
        told: list[Event] = []
        asked = begun = over = again = False
        since = 0.0
        process = self._ask(Ask(number, request))
        try:
            while True:
                # Asked after it said yes too: the caller may count on it.
                if cancelled() and not asked:
                    process.send(Cancel(number))
                    asked, since = True, time.monotonic()
                try:
                    answer = process.receive(number, POLL_SECONDS)
                except queue.Empty:
                    # What waits for another reply is not stuck.
                    stuck = asked and begun
                    if not stuck or time.monotonic() < since + STUCK_SECONDS:
                        continue
                    answer = None
                if answer is None:
                    how = self._replace(process)
                    if not (told or again or asked or process.closed):
                        # It was gone before it was asked, or nearly so.
                        again, begun = True, False
                        facts = self.model
                        process = self._ask(Ask(number, request))
                        continue
                    over = True
                    yield Finished(_cut(facts, request, told), None)
                    if process.closed:
                        raise GenerationError(
                            "The model was closed while it replied. Try again to load "
                            "it anew."
                        )
                    raise GenerationError(
                        f"The model process crashed ({how}) and was restarted. The "
                        "partial reply is saved; continue it, or try again."
                    )
                if isinstance(answer, Begun):
                    begun, since = True, time.monotonic()
                elif isinstance(answer, Told):
                    told.append(answer.event)  # type: ignore[arg-type]  # not a Context
                    yield told[-1]
                elif isinstance(answer, Done):
                    over = True
                    if answer.error:
                        raise answer.error
                    return
        finally:
            if not over:
                process.send(Cancel(number))
            process.forget(number)

    def context(self, request: Request) -> Context:
        """See `Engine.context`."""
        facts, number = self.model, next(self._numbers)
        process = self._ask(Ask(number, request, context_only=True))
        found: Any = None
        try:
            while not isinstance(answer := process.receive(number, None), Done):
                if isinstance(answer, Told):
                    found = answer.event
                elif answer is None:
                    how = self._replace(process)
                    if process.closed:
                        raise ModelError(
                            f"{facts.name} was closed while it was asked. Try again to "
                            "load it anew."
                        )
                    raise ModelError(
                        f"The model process of {facts.name} crashed ({how}) and was "
                        "restarted. Try again."
                    )
        finally:
            process.forget(number)
        if answer.error:
            raise answer.error
        assert isinstance(found, Context)
        return found

    def keep(self, snapshots: Snapshots | None) -> None:
        """Keep states on disk from now on; between two replies."""
        self._load = replace(self._load, snapshots=snapshots)
        if process := self._process:
            process.send(Keep(snapshots))

    def give_up(self) -> None:
        """Let a `model` that is waited for raise `ModelError`, from any thread."""
        if process := self._process:
            process.kill()

    def close(self) -> None:
        """See `Engine.close`; from any thread."""
        with self._placing:
            process, self._process, self._model = self._process, None, None
        if process:
            process.close()

    def _ask(self, question: Ask) -> Process:
        """Send a question; the process that will answer it."""
        process = self._placed()
        process.expect(question.number)
        process.send(question)
        return process

    def _replace(self, process: Process) -> str:
        """Start another in place of one that is gone; how that one ended, in words.

        Where it was replaced or closed meanwhile, that stays so.
        """
        how = process.end()
        process.kill()
        with self._placing:
            if self._process is process:
                self._process, self._model = Process(self._load), None
        return how


def _cut(facts: ModelFacts, request: Request, told: list[Event]) -> Reply:
    """The reply as far as it was told before its process ended."""
    said = [event for event in told if isinstance(event, Text | Thought)]
    texts = [event for event in said if isinstance(event, Text)]
    thoughts = [event for event in said if isinstance(event, Thought)]
    read = [event for event in told if isinstance(event, PromptProgress)]
    return Reply(
        text="".join(event.text for event in texts),
        token_ids=(*request.begun, *(i for event in said for i in event.token_ids)),
        log_probabilities=tuple(p for e in said for p in e.log_probabilities),
        finish_reason="error",
        prompt_tokens=0,
        prefilled_tokens=read[-1].total if read else 0,
        seconds_to_first_token=None,
        tokens_per_second=None,
        model=facts.name,
        settings=request.settings.resolved(facts.sampling),
        thought="".join(event.text for event in thoughts),
        thought_tokens=sum(len(event.token_ids) for event in thoughts),
    )
