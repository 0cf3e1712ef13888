"""A request that waits for its answer, between the server and the model's thread."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..completions import Completion
from ..engine import Event, ModelFacts
from ..errors import GenerationError, GenesisChatError


class ClosingError(GenerationError):
    """The server ends before the reply does."""

    def __init__(self) -> None:
        super().__init__("The server is shutting down; try again later.")


@dataclass(frozen=True)
class Begun:
    """The job's turn has come, with this model."""

    model: ModelFacts


@dataclass(frozen=True)
class Told:
    """An event of the reply that becomes the choice with this index."""

    index: int
    event: Event


@dataclass(frozen=True)
class Ended:
    """Nothing more comes; `error` says what went wrong, if anything did."""

    error: GenesisChatError | None = None


News = Begun | Told | Ended


class Job:
    """What is asked for, and what has come of it.

    The model's thread tells its news; whoever waits for them may give up at any time,
    in the event loop's thread.
    """

    def __init__(
        self, completion: Completion, given_up: Callable[["Job"], None]
    ) -> None:
        self.completion = completion
        self.asked = time.monotonic()
        self.cancelled = False
        self._given_up = given_up
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[News] = asyncio.Queue()

    def tell(self, news: News) -> None:
        """Pass on what has happened, from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._news.put_nowait, news)
        except RuntimeError:
            # The server has ended, and nobody waits.
            self.cancelled = True

    async def news(self) -> News:
        """Wait for what happens next."""
        return await self._news.get()

    def give_up(self) -> None:
        """End the reply within a token, or never begin it."""
        if not self.cancelled:
            self.cancelled = True
            self._given_up(self)
