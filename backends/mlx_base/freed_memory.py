"""Memory that a process keeps for its next arrays."""

import ctypes
import sys

# Parameters of glibc's mallopt, and the largest size it takes from its own heap.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGEST = 32 << 20
NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Use memory again instead of giving it back to the system, for all of training.

    MLX's CPU asks the C library for every array; where that is glibc, arrays of
    megabytes are otherwise mapped anew each time, and clearing their pages takes longer
    than many an operation. Elsewhere nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_THRESHOLD, LARGEST)
        library.mallopt(TRIM_THRESHOLD, NEVER)
