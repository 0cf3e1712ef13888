"""The worker's side: one model, one request after the other, on the main thread."""

import os
import queue
import sys
import threading
from typing import BinaryIO

from ...errors import GenerationError, GenesisChatError
from ..loader import open_model
from ..local import LocalEngine
from .messages import (
    Ask,
    Begun,
    Cancel,
    Done,
    Keep,
    Load,
    Loaded,
    Preparing,
    Told,
    read,
    write,
)


class _Inbox:
    """Requests as they come; cancellations overtake them.

    `wanted` has the numbers of the questions whose answers somebody waits for.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.messages: queue.SimpleQueue[Load | Ask | Keep] = queue.SimpleQueue()
        self.wanted: set[int] = set()
        self._stream = stream
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                message = read(self._stream)
                if isinstance(message, Cancel):
                    self.wanted.discard(message.number)
                    continue
                if isinstance(message, Ask):
                    self.wanted.add(message.number)
                self.messages.put(message)
        except (EOFError, OSError):
            # The other side is gone, and nobody waits for what is being done.
            os._exit(0)


def main() -> None:
    """Serve whoever started this process until it closes our standard input."""
    outbox = os.fdopen(os.dup(1), "wb")
    # What libraries print must not come between the messages.
    os.dup2(2, 1)
    inbox = _Inbox(sys.stdin.buffer)
    load = inbox.messages.get()
    assert isinstance(load, Load)
    try:
        model = open_model(
            load.directory,
            load.name,
            load.sha256,
            load.choice,
            preparing=lambda text: write(outbox, Preparing(text)),
        )
    except GenesisChatError as failure:
        write(outbox, Done(0, failure))
        return
    write(outbox, Loaded(model.facts))
    engine = LocalEngine(model, load.snapshots)
    while True:
        message = inbox.messages.get()
        if isinstance(message, Keep):
            engine.close()
            engine = LocalEngine(model, message.snapshots)
            continue
        assert isinstance(message, Ask)
        error = _serve(engine, message, inbox, outbox)
        inbox.wanted.discard(message.number)
        write(outbox, Done(message.number, error))


def _serve(
    engine: LocalEngine, ask: Ask, inbox: _Inbox, outbox: BinaryIO
) -> GenesisChatError | None:
    try:
        if ask.context_only:
            write(outbox, Told(ask.number, engine.context(ask.request)))
            return None
        write(outbox, Begun(ask.number))
        for event in engine.reply(
            ask.request, cancelled=lambda: ask.number not in inbox.wanted
        ):
            write(outbox, Told(ask.number, event))
    except GenesisChatError as error:
        return error
    except Exception as error:
        return GenerationError(f"Unexpected {type(error).__name__}: {error}")
    return None


if __name__ == "__main__":
    main()
