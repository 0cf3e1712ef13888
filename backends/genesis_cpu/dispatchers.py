"""Compiling kernels with Numba, which is imported here alone."""

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps
from numba.extending import typeof_impl

from .code_files import write_code
from .code_folder import circumstances, kept_in, prepare_elsewhere
from .intrinsics import Deferred


@typeof_impl.register(Deferred)
def _typeof(value: Deferred, context: Any) -> Any:
    known = value.numba
    # It may be new to what is compiling now.
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    return cpu_target.typing_context.resolve_value_type(known)


def dispatcher(
    function: Callable[..., Any], fastmath: frozenset[str], name: str, stamp: str
) -> Any:
    """What compiles a function for the arguments it is called with.

    `name` and a digest of its sources, `stamp`, name the files it is kept in.
    """
    compiling = numba.njit(fastmath=set(fastmath), error_model="numpy", nogil=True)
    made: Any = compiling(function)
    made._cache = _KernelCache(name, stamp)
    return made


def compiled(made: Any, arguments: tuple[Any, ...]) -> bytes | None:
    """Compile for some arguments; the object file, if it can run without Numba."""
    signature = tuple(made.typeof_pyval(each) for each in arguments)
    made.compile(signature)
    code: bytes | None = made._cache.codes.get(made.overloads[signature].signature)
    return code


def _alone(reduced: tuple[Any, ...]) -> bytes | None:
    """The object file of what Numba keeps, if it is enough.

    Constants that are Python objects, and globals, are in no object file.
    """
    (_, kind, content), _, environment, *_ = reduced
    if kind != "object" or environment.consts or reduced[7]:
        return None
    return bytes(content[0])


class _KernelCache:
    """Compiled code of one function, which no state of the folder can break.

    A file for each signature and processor, and no index of them: programs that start
    together, with another dtype or processor, would write over each other's entries
    and call code for other arguments or instructions.
    """

    def __init__(self, name: str, stamp: str) -> None:
        self._name, self._stamp = name, stamp
        # Object files by signature, of what can run without Numba.
        self.codes: dict[Any, bytes | None] = {}

    @property
    def cache_path(self) -> str:
        return str(kept_in())

    def load_overload(self, signature: Any, target: Any) -> Any:
        found = self._kept(signature, target)
        if found is None and prepare_elsewhere():
            found = self._kept(signature, target)
        return found

    def save_overload(self, signature: Any, data: Any) -> None:
        folder = kept_in()
        # Addresses in it hold for this process alone.
        if folder is None or data.library.has_dynamic_globals:
            return
        reduced = data._reduce()
        self.codes[data.signature] = _alone(reduced)
        name = self._file(signature, data.codegen)
        write_code(folder, name, dumps((signature, reduced)))

    def enable(self) -> None:
        """Numba's interface; the cache is always on."""

    def disable(self) -> None:
        """Numba's interface; the cache is always on."""

    def _kept(self, signature: Any, target: Any) -> Any:
        folder = kept_in()
        if folder is None:
            return None
        target.refresh()
        name = self._file(signature, target.codegen())
        with suppress(Exception):  # a damaged pickle may raise anything
            of, reduced = pickle.loads((folder / name).read_bytes())
            if of == signature:
                found = CompileResult._rebuild(target, *reduced)
                self.codes[found.signature] = _alone(reduced)
                return found
        return None

    def _file(self, signature: Any, codegen: Any) -> str:
        """The name of the file with a function's code for a processor."""
        facts = (signature, codegen.magic_tuple(), circumstances())
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        return f"{self._name}.{digest}.{self._stamp}.nbc"
