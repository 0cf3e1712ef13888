"""Where compiled code is kept, and what it depends on."""

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from .machine_code import compiler

# What Numba compiles by; each may be set in the environment.
SWITCHES = (
    "NUMBA_OPT",
    "NUMBA_LOOP_VECTORIZE",
    "NUMBA_SLP_VECTORIZE",
    "NUMBA_BOUNDSCHECK",
    "NUMBA_DEBUGINFO",
    "NUMBA_DISABLE_JIT",
)


class _Settings:
    lock = threading.Lock()
    folder: Path | None = None
    on_compile: Callable[[], None] | None = None


@contextmanager
def compiling(
    folder: Path | None, on_compile: Callable[[], None] | None = None
) -> Iterator[None]:
    """Say where compiled code is kept, from now on; None is nowhere.

    Inside, `on_compile` is called once, before the first kernel that has to be
    compiled. What it leaves in the folder is used then. One thread at a time is inside,
    since the kernels are everybody's.
    """
    with _Settings.lock:
        _Settings.folder, _Settings.on_compile = folder, on_compile
        try:
            yield
        finally:
            _Settings.on_compile = None


def kept_in() -> Path | None:
    """The folder that compiled code is kept in."""
    return _Settings.folder


def prepare_elsewhere() -> bool:
    """Call what was to be called before something is compiled; whether it was now."""
    prepare, _Settings.on_compile = _Settings.on_compile, None
    if prepare is not None:
        prepare()
    return prepare is not None


@cache
def sources() -> str:
    """A digest of this package and what it takes numbers from.

    One kernel is compiled into another, and a number into each that reads it.
    """
    here, digest = Path(__file__).parent, hashlib.sha256()
    for path in [*sorted(here.rglob("*.py")), here.parent / "genesis" / "constants.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def circumstances() -> tuple[Any, ...]:
    """What code depends on besides its sources and the processor."""
    settings = [os.environ.get(switch) for switch in SWITCHES]
    return compiler(), sys.implementation.cache_tag, *settings
