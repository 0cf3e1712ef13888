"""Noticing that the terminal is gone, of which no signal need tell."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable

# Where a terminal cannot be polled.
EVERY_SECONDS = 2.0


def leave_when_hung_up(keep: Callable[[], None]) -> None:
    """Once standard input has hung up, call `keep` and end the process.

    On a thread of its own: whoever writes to a terminal that is gone may wait for
    ever.
    """
    if hasattr(select, "poll") and sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=_watch, args=(keep,), daemon=True).start()


def _watch(keep: Callable[[], None]) -> None:
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)
    # Waits as long as it takes. macOS says of a terminal that it cannot be polled,
    # which is no end of it.
    while not any(event & select.POLLHUP for _, event in poll.poll()):
        time.sleep(EVERY_SECONDS)
    try:
        keep()
    finally:
        os._exit(128 + signal.SIGHUP)
