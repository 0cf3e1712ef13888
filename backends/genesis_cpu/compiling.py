"""Compiling the kernels with Numba, once per computer and processor.

Compiled code is kept in a folder that `keep_compiled` names. A folder that cannot be
written is read all the same; one that cannot be read costs the compilation.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be reordered, which vector units need; NaN and infinity keep their meaning.
REORDER = {"reassoc", "contract", "nsz", "arcp"}
EXACT = {"contract"}


class _Settings:
    folder: Path | None = None
    on_compile: Callable[[], None] | None = None


def keep_compiled(
    folder: Path | None, on_compile: Callable[[], None] | None = None
) -> None:
    """Say where compiled code is kept; None is nowhere.

    `on_compile` is called once, before the first kernel that has to be compiled. What
    it leaves in the folder is used then.
    """
    _Settings.folder, _Settings.on_compile = folder, on_compile


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
    """A digest of this package: one kernel is compiled into another."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _Locator(_CacheLocator):
    def __init__(self, module: str) -> None:
        self._module = module

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "_Locator":
        return cls(py_func.__module__)

    def get_cache_path(self) -> str:
        return str(_Settings.folder)

    def get_source_stamp(self) -> str:
        return _sources()

    def get_disambiguator(self) -> str:
        return self._module.rpartition(".")[2]


class _Implementation(CompileResultCacheImpl):
    _locator_classes: Any = (_Locator,)


class _FolderCache(FunctionCache):
    _impl_class = _Implementation


class _KernelCache:
    """Numba's cache of one function, which no state of the folder can break."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._inner: Any = None

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

    def _kept(self, signature: Any, target: Any) -> Any:
        if _Settings.folder is None:
            return None
        self._inner = _FolderCache(self._function)
        try:
            return self._inner.load_overload(signature, target)
        except Exception:  # a damaged pickle may raise anything
            with suppress(OSError):
                self._inner.flush()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        if self._inner is None:
            return
        try:
            self._inner.save_overload(signature, data)
        except OSError:
            # Read-only or full: this process has the code, the next compiles again.
            self._inner = None

    def enable(self) -> None:
        """Numba's interface; the cache is always on."""

    def disable(self) -> None:
        """Numba's interface; the cache is always on."""
