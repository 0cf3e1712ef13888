"""A faster BLAS for MLX on Linux, whose wheel brings the reference one."""

import ctypes
import os
import sys
from pathlib import Path

# As distributions call it; Fedora's first one has no threads.
NAMES = ("libopenblas.so.0", "libopenblasp.so.0", "libopenblas.so")
FUNCTION = "cblas_sgemm"
THREADS_VARIABLE = "OPENBLAS_NUM_THREADS"
OWN = "MLX's own"
ADVICE = (
    "MLX multiplies matrices with a slow BLAS here; OpenBLAS makes training about ten "
    "times as fast: apt install libopenblas0 (Debian, Ubuntu), dnf install openblas "
    "(Fedora), pacman -S openblas (Arch) or conda install openblas."
)


def load_openblas() -> ctypes.CDLL | None:
    """Load OpenBLAS, of the system or beside this Python, if there is one.

    Its functions then take the place of those MLX brings, so this has to come before
    MLX is imported. One thread, since more were not faster with MLX and vary;
    OPENBLAS_NUM_THREADS overrides. What has been preloaded stays.
    """
    if not sys.platform.startswith("linux"):
        return None
    program = _opened(None)
    if program is not None and hasattr(program, FUNCTION):
        return program
    for name in (*NAMES, *(str(Path(sys.prefix, "lib", name)) for name in NAMES)):
        library = _opened(name)
        if library is not None and hasattr(library, FUNCTION):
            if THREADS_VARIABLE not in os.environ:
                library.openblas_set_num_threads(1)
            return library
    return None


def blas_in_use() -> str:
    """What multiplies matrices on the processor, such as "OpenBLAS 0.3.21 (Zen)"."""
    if sys.platform == "darwin":
        return "Apple's Accelerate"
    if _LIBRARY is None:
        return OWN
    if not HAS_OPENBLAS:
        return "one that was preloaded"
    for name in ("openblas_get_config", "openblas_get_corename"):
        getattr(_LIBRARY, name).restype = ctypes.c_char_p
    version = " ".join(_LIBRARY.openblas_get_config().decode().split()[:2])
    return f"{version} ({_LIBRARY.openblas_get_corename().decode()})"


def blas_advice() -> str:
    """How to have a faster one, in a sentence; empty where there is none to be had."""
    return ADVICE if blas_in_use() == OWN else ""


def _opened(name: str | None) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return None


_LIBRARY = load_openblas()
HAS_OPENBLAS = hasattr(_LIBRARY, "openblas_get_config")
