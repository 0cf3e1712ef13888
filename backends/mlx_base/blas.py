"""A faster BLAS for MLX on Linux, whose wheel brings the reference one."""

import ctypes
import os
import sys

LIBRARY = "libopenblas.so.0"


def load_openblas() -> bool:
    """Load the system's OpenBLAS, if there is one; whether there is.

    Its functions then take the place of those MLX brings, so this has to come before
    MLX is imported. One thread, since more were not faster with MLX and vary;
    OPENBLAS_NUM_THREADS overrides.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(LIBRARY, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        library.openblas_set_num_threads(1)
    return True


HAS_OPENBLAS = load_openblas()
