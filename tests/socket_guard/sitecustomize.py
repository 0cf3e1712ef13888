"""No connection leaves this computer, nor is one made at all where none belongs.

Python runs this at its start, in the tests and in every program that they start. An
audit hook sees connections that code makes by whatever name. A test may also hide
packages from a program, as if they were not installed.
"""

import os
import socket
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

ALLOWED = "GENESIS_TEST_LOOPBACK"
HIDDEN = set(os.environ.get("GENESIS_TEST_HIDDEN", "").split())
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def guard(event: str, values: tuple[Any, ...]) -> None:
    """Refuse a connection or a look-up that is not of a test's own server."""
    if event == "socket.connect":
        connecting, address = values
        if connecting.family == getattr(socket, "AF_UNIX", None):
            return
        host = address[0]
    elif event == "socket.getaddrinfo":
        host = values[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if os.environ.get(ALLOWED) != "1" or host not in LOOPBACK:
        # Not an Exception, which somebody might take for a network that is down.
        raise SystemExit(f"a test opened a connection to {host}")


def hide(names: set[str]) -> None:
    """Let imports of these packages, and searches for them, find nothing."""
    find = PathFinder.find_spec

    def find_others(name: str, *rest: Any) -> ModuleSpec | None:
        return None if name.partition(".")[0] in names else find(name, *rest)

    PathFinder.find_spec = staticmethod(find_others)  # type: ignore[assignment, method-assign]


sys.addaudithook(guard)
if HIDDEN:
    hide(HIDDEN)
