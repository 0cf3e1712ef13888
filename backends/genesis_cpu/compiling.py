"""Compiling the kernels, once per computer and processor.

Compiled code is kept in a folder that `compiling` names, in two forms: Numba's own,
from which it compiles the kernels that call others, and machine code alone, which a
program runs without importing Numba (`machine_code.py`). A folder that cannot be
written is read all the same; one that cannot be read costs the compilation.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from .code_folder import circumstances, compiling, kept_in, prepare_elsewhere, sources
from .intrinsics import Deferred
from .machine_code import Call, load, processor, save
from .signatures import signature_of

__all__ = ["compile_elsewhere", "compiling", "exact_kernel", "kernel", "processors"]

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be reordered, which vector units need; NaN and infinity keep their meaning.
REORDER = frozenset({"reassoc", "contract", "nsz", "arcp"})
EXACT = frozenset({"contract"})


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
    asked = os.environ.get("NUMBA_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays when it is first called."""
    return Kernel(function, REORDER)  # type: ignore[return-value]  # called alike


def exact_kernel(function: Function) -> Function:
    """The same, with every operation in the order it is written."""
    return Kernel(function, EXACT)  # type: ignore[return-value]  # called alike


class Kernel(Deferred):
    """A function that is compiled, or read from what was compiled, for its arguments.

    Numba is imported for the first that has to be compiled; until then kernels call
    each other in machine code only.
    """

    def __init__(self, function: Callable[..., Any], fastmath: frozenset[str]) -> None:
        self.function, self.fastmath = function, fastmath
        code = function.__code__
        self.name = f"{function.__module__.rpartition('.')[2]}.{code.co_qualname}"
        self._calls: dict[Any, Call] = {}
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def __call__(self, *arguments: Any) -> Any:
        kinds = signature_of(arguments)
        call = self._calls.get(kinds)
        if call is None:
            call = self._calls[kinds] = self._call_for(kinds, arguments)
        return call(arguments)

    def make(self) -> Any:
        """What Numba calls it by."""
        from .dispatchers import dispatcher

        return dispatcher(self.function, self.fastmath, self.name, self._stamp)

    def _call_for(self, kinds: Any, arguments: tuple[Any, ...]) -> Call:
        folder = kept_in()
        name = None if folder is None else self._file(kinds)
        if name is not None and folder is not None:
            call = load(folder / name)
            if call is None and prepare_elsewhere():
                call = load(folder / name)
            if call is not None:
                return call
        from .dispatchers import compiled

        code = compiled(self.numba, arguments)
        if name is not None and folder is not None and code is not None:
            save(folder, name, code)
        dispatcher = self.numba
        return lambda arguments: dispatcher(*arguments)

    def _file(self, kinds: Any) -> str:
        """The name of the file with the machine code for arguments of such kinds."""
        facts = (kinds, processor(), circumstances())
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        return f"{self.name}.{digest}.{self._stamp}.o"

    @property
    def _stamp(self) -> str:
        """A digest of the sources."""
        code = self.function.__code__.co_code
        return hashlib.sha256(sources().encode() + code).hexdigest()[:16]
