"""Running the server: from the socket to the end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from ..completions import Defaults
from ..engine import ModelFacts
from ..model_choice import ModelChoice
from . import address
from .app import application
from .connection import Connection
from .endpoints import Endpoints
from .guard import Rules
from .keys import read_keys
from .log import Log
from .metrics import Metrics
from .models import Models
from .runner import Runner

# A reply that runs has so long to end when the server is told to, and then is cut.
GRACE_SECONDS = 3.5
LAST_SECONDS = 1.0
IDLE_SECONDS = 30
LARGEST_HEADERS = 32 << 10
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Options:
    """How to serve.

    Attributes:
        address: where to listen.
        port: 0 takes any that is free.
        origins: web pages that may ask.
        key_file: holds the keys that clients must send; None asks for none.
        waiting: how many requests may wait.
        parallel: how many replies to decode in one step, where the backend can.
        models_in_memory: how many models may be loaded at a time.
        log: keep conversations in the history.
    """

    address: str = address.LOOPBACK
    port: int = 8080
    origins: frozenset[str] = frozenset()
    key_file: Path | None = None
    waiting: int = 64
    parallel: int = 4
    models_in_memory: int = 1
    log: bool = False


def serve(
    choice: ModelChoice,
    defaults: Defaults,
    options: Options,
    report: Callable[[str], None],
) -> None:
    """Serve until a signal ends it; one more ends it at once.

    `report` is told, in a sentence each, where it listens, when the model is there,
    and what goes wrong. Raises `GenesisChatError` when the port is taken, or the model
    cannot be loaded.
    """
    keys = read_keys(options.key_file) if options.key_file else ()
    listening = address.listen(options.address, options.port)
    with contextlib.closing(listening):
        port = listening.getsockname()[1]
        rules = Rules(address.hosts(options.address, port), options.origins, keys)
        metrics = Metrics()
        models = Models(choice, options.models_in_memory, report)
        server: Server | None = None
        failures: list[Exception] = []

        def loaded(model: ModelFacts) -> None:
            for warning in model.warnings:
                report(warning)
            report(f"{model.name} is ready on {model.device}.")

        def failed(error: Exception) -> None:
            failures.append(error)
            if server:
                server.should_exit = True

        log = Log(report) if options.log else None
        runner = Runner(
            models, options.waiting, options.parallel, metrics, log, loaded, failed
        )
        endpoints = Endpoints(runner, metrics, defaults)
        app = application(endpoints, rules, metrics, report)
        server = Server(_configured(app), runner)
        shown = f"[{options.address}]" if ":" in options.address else options.address
        report(f"listening on http://{shown}:{port}/v1 (loading the model)")
        asyncio.run(server.serve(sockets=[listening]))
    for error in failures:
        raise error


def _configured(app: object) -> uvicorn.Config:
    if not os.environ.get("GENESIS_CHAT_DEBUG"):
        # What clients do wrong is of no use to anybody, and tells of them.
        for name in ("uvicorn", "asyncio"):
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=int(GRACE_SECONDS + LAST_SECONDS),
        h11_max_incomplete_event_size=LARGEST_HEADERS,
    )


class Server(uvicorn.Server):
    """Uvicorn's, which ends with the model's thread and by signals of ours."""

    def __init__(self, config: uvicorn.Config, runner: Runner) -> None:
        super().__init__(config)
        self._runner = runner

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, and only then load the model."""
        await super().startup(sockets)
        self._runner.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the reply that runs end, or cut it."""
        self._runner.close()
        loop = asyncio.get_running_loop()
        cut = loop.call_later(GRACE_SECONDS, self._runner.cut)
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()
            self._runner.cut()
        await asyncio.to_thread(self._runner.join, LAST_SECONDS / 2)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take signals as a wish to end, which is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self._end) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
