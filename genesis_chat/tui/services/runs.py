"""Runs of this program, several of which may use one history at once."""

import os
from functools import cache

UNSENT = "unsent"
# So far apart a run may find its beginning when clocks are set right.
TOLERANCE_SECONDS = 2


@cache
def this_run() -> str:
    """The name of this process, with when it began: numbers come again."""
    import psutil

    return f"{os.getpid()}-{psutil.Process().create_time():.0f}"


def is_another(name: str) -> bool:
    """Whether a name is of another process, which goes on."""
    import psutil

    number, _, began = name.partition("-")
    if name == this_run() or not (number.isdecimal() and began.isdecimal()):
        return False
    try:
        found = psutil.Process(int(number)).create_time()
    except psutil.Error:
        return False
    return abs(found - int(began)) <= TOLERANCE_SECONDS


def unsent() -> str:
    """The draft's place of a message that is sent and not in the history yet."""
    return f"{UNSENT}#{this_run()}"
