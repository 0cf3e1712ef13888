"""What there is once in a process, and what a test must leave as it was."""

import gc
import locale
import os
import signal
import sys
import threading
from typing import Any

# pytest's own, and what threadpoolctl sets when it is imported for the first time.
NOBODYS = ("PYTEST_CURRENT_TEST", "KMP_DUPLICATE_LIB_OK")


def process_state() -> dict[str, Any]:
    """All of it by name, to be compared."""
    mask = os.umask(0)
    os.umask(mask)
    # Each by itself, so that a difference is not lost among the others.
    environment = {
        f"environment: {name}": value
        for name, value in os.environ.items()
        if name not in NOBODYS
    }
    return environment | {
        "signal handlers": {n: signal.getsignal(n) for n in signal.valid_signals()},
        "folder": os.getcwd(),
        "umask": mask,
        "locale": locale.setlocale(locale.LC_ALL),
        "collections of garbage": (gc.isenabled(), gc.get_threshold()),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "arguments": list(sys.argv),
        "limits": _limits(),
        "BLAS": _blas_holders(),
    }


def _limits() -> dict[str, Any]:
    if sys.platform == "win32":
        return {}
    import resource

    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: resource.getrlimit(getattr(resource, name)) for name in names}


def _blas_holders() -> int:
    blas = sys.modules.get("backends.genesis_cpu.blas")
    return len(blas._one_thread._holders) if blas else 0
