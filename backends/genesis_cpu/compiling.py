"""Compiling the kernels with Numba, once per computer and processor.

Compiled code is kept in a folder that `compiling` names. A folder that cannot be
written is read all the same; one that cannot be read costs the compilation.
"""

import glob
import hashlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from ..new_file import new_file

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be reordered, which vector units need; NaN and infinity keep their meaning.
REORDER = {"reassoc", "contract", "nsz", "arcp"}
EXACT = {"contract"}


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


def compile_elsewhere(package: str, folder: Path, *arguments: str) -> None:
    """Run a package that compiles, in a process that ends, and so does its memory.

    There is a second reason: code that was just compiled calls other copies of some
    kernels than the same code out of its file, and these round otherwise. If that
    process fails, this one compiles. Of programs that start together one compiles,
    and the others wait for it. The folder is the last argument.
    """
    with _alone(folder):
        subprocess.run(
            [sys.executable, "-P", "-m", package, *arguments, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other program is here meanwhile, if the folder can be written."""
    from filelock import FileLock

    with ExitStack() as stack:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder / "lock"))
        yield


def processors() -> int:
    """Processors that this process may use, or NUMBA_NUM_THREADS if it is set."""
    # Asking Numba itself would start its threads.
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # made at import


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays when it is first called."""
    return _compiled(function, REORDER)


def exact_kernel(function: Function) -> Function:
    """The same, with every operation in the order it is written."""
    return _compiled(function, EXACT)


def _compiled(function: Function, fastmath: set[str]) -> Function:
    dispatcher: Any = numba.njit(fastmath=fastmath, error_model="numpy", nogil=True)(
        function
    )
    dispatcher._cache = _KernelCache(function)
    compiled: Function = dispatcher
    return compiled


@cache
def _sources() -> str:
    """A digest of this package and what it takes numbers from.

    One kernel is compiled into another, and a number into each that reads it.
    """
    here, digest = Path(__file__).parent, hashlib.sha256()
    for path in [*sorted(here.rglob("*.py")), here.parent / "genesis" / "constants.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _circumstances() -> tuple[Any, ...]:
    """What else code depends on; the processor comes from Numba itself."""
    config: Any = numba.config
    switches = (
        "OPT",
        "LOOP_VECTORIZE",
        "SLP_VECTORIZE",
        "BOUNDSCHECK",
        "DEBUGINFO_DEFAULT",
    )
    settings = [getattr(config, switch) for switch in switches]
    return numba.__version__, sys.implementation.cache_tag, *settings


class _KernelCache:
    """Compiled code of one function, which no state of the folder can break.

    A file for each signature and processor, and no index of them: programs that start
    together, with another dtype or processor, would write over each other's entries
    and call code for other arguments or instructions.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        code = function.__code__
        self._bytes = code.co_code
        self._name = f"{function.__module__.rpartition('.')[2]}.{code.co_qualname}"

    @property
    def cache_path(self) -> str:
        return str(_Settings.folder)

    def load_overload(self, signature: Any, target: Any) -> Any:
        found = self._kept(signature, target)
        if found is None and _Settings.on_compile:
            prepare, _Settings.on_compile = _Settings.on_compile, None
            prepare()
            found = self._kept(signature, target)
        return found

    def save_overload(self, signature: Any, data: Any) -> None:
        folder = _Settings.folder
        # Addresses in it hold for this process alone.
        if folder is None or data.library.has_dynamic_globals:
            return
        name, stamp = self._names(signature, data.codegen)
        content = dumps((signature, data._reduce()))
        # Read-only or full: this process has the code, the next compiles again.
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name}.{stamp}.nbc"
            with new_file(path) as file, file.create() as stream:
                stream.write(content)
            for older in folder.glob(f"{glob.escape(name)}.*.nbc"):
                if older != path:
                    older.unlink()

    def enable(self) -> None:
        """Numba's interface; the cache is always on."""

    def disable(self) -> None:
        """Numba's interface; the cache is always on."""

    def _kept(self, signature: Any, target: Any) -> Any:
        if _Settings.folder is None:
            return None
        target.refresh()
        name, stamp = self._names(signature, target.codegen())
        with suppress(Exception):  # a damaged pickle may raise anything
            content = (_Settings.folder / f"{name}.{stamp}.nbc").read_bytes()
            of, reduced = pickle.loads(content)
            if of == signature:
                return CompileResult._rebuild(target, *reduced)
        return None

    def _names(self, signature: Any, codegen: Any) -> tuple[str, str]:
        """The names of a function's code for a processor, and of its sources."""
        facts = (signature, codegen.magic_tuple(), _circumstances())
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        sources = hashlib.sha256(_sources().encode() + self._bytes).hexdigest()[:16]
        return f"{self._name}.{digest}", sources
