"""An engine that thinks before it replies, as far as a test lets it."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count

from genesis_chat.engine import (
    Context,
    Event,
    Finished,
    ModelFacts,
    Reply,
    Request,
    Text,
    Thought,
)
from genesis_chat.engine.events import FinishReason

THOUGHT = ("They want *one* word. ", "So I say ", "yes.")
TEXT = ("Yes", ", of course.")
SECONDS, TOKENS = 83.4, 1200
THINKER = ModelFacts(
    "acme/Thinker-3B-Instruct",
    2048,
    "float32",
    "CPU",
    "1" * 64,
    speaker="Thinker",
    thinks=True,
    thinking_is_switched=True,
)


@dataclass
class Thinking:
    """Tells the pieces of its script, one for every time that `go` was called.

    A reply that goes on begins where it was stopped: each piece is one token.
    """

    thought: tuple[str, ...] = THOUGHT
    text: tuple[str, ...] = TEXT
    model: ModelFacts = THINKER
    requests: list[Request] = field(default_factory=list)
    _allowed: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(0)
    )

    def go(self, pieces: int) -> None:
        """Let so many more pieces come; one more than there are ends the reply."""
        self._allowed.release(pieces)

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        self.requests.append(request)
        pieces = [*map(_thought, count(), self.thought)]
        pieces += map(_text, count(len(pieces)), self.text)
        told: list[Event] = []
        reason: FinishReason = "stop"
        for piece in (*pieces[len(request.begun) :], None):
            while not self._allowed.acquire(timeout=0.01):
                if cancelled():
                    reason = "cancelled"
                    break
            if reason == "cancelled" or piece is None:
                break
            told.append(piece)
            yield piece
        yield Finished(self._reply(request, told, reason), self.context(request))

    def _reply(
        self, request: Request, told: list[Event], reason: FinishReason
    ) -> Reply:
        done = len(request.begun) + len(told)
        thought = "".join(e.text for e in told if isinstance(e, Thought))
        return Reply(
            text="".join(e.text for e in told if isinstance(e, Text)),
            token_ids=tuple(range(done)),
            log_probabilities=(0.0,) * len(told),
            finish_reason=reason,
            prompt_tokens=8,
            prefilled_tokens=8,
            seconds_to_first_token=0.1,
            tokens_per_second=None,
            model=self.model.name,
            settings=request.settings,
            thought=thought,
            thought_tokens=TOKENS,
            thought_seconds=SECONDS,
        )

    def context(self, request: Request) -> Context:
        return Context(100, 2048, 1948, 0, 0)

    def close(self) -> None:
        pass


def _thought(id: int, text: str) -> Event:
    return Thought(text, (id,), (0.0,))


def _text(id: int, text: str) -> Event:
    return Text(text, (id,), (0.0,))
