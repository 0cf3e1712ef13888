"""Machine code that Numba made, run without importing Numba.

A file holds one kernel with all that it calls, as an object file for this processor.
It is linked in memory, and what Numba's C library gives it is taken from there:
reference counts, and arrays out of Python objects. The code is entered by the wrapper
that Numba's own dispatcher calls, so arguments and results are the same.
"""

import ctypes
import hashlib
import importlib.machinery
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite

from . import linker
from .code_files import write_code
from .object_file import object_file

Call = Callable[[tuple[Any, ...]], Any]

# Object files elsewhere are of other formats, which nobody tried.
SUPPORTED = sys.platform == "linux" and sys.maxsize > 2**32
_WRAPPER, _ENVIRONMENT = "_ZN7cpython", "_ZN08NumbaEnv"
_DIGEST_BYTES = 32
_WRAPPER_TYPE = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.py_object, ctypes.py_object, ctypes.c_void_p
)
# What the system tells of a processor that code may depend on.
_CPU_FACTS = (
    "vendor_id",
    "cpu family",
    "model",
    "stepping",
    "flags",
    "CPU implementer",
    "CPU architecture",
    "CPU variant",
    "CPU part",
    "CPU revision",
    "Features",
)
_lock = threading.Lock()
# What compiled code points to.
_environments: list[Any] = []


def load(path: Path) -> Call | None:
    """What calls the code of a file with a tuple of arguments.

    None if there is no such file, it is not as it was written, or it needs what is
    not in this process.
    """
    if not SUPPORTED:
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(code).digest() != digest:
        return None
    file = object_file(code)
    with _lock:
        linked = linker.link if linker.can_link(file) else _llvm_linker().link
        places = linked(file, _address_of)
        return None if places is None else _entered(places)


def save(folder: Path, name: str, code: bytes) -> None:
    """Keep an object file, and drop what was kept of the kernel for other sources."""
    if SUPPORTED:
        write_code(folder, name, hashlib.sha256(code).digest() + code)


@cache
def processor() -> tuple[Any, ...]:
    """The processor that Numba compiles for."""
    asked = (os.environ.get(f"NUMBA_CPU_{name}") for name in ("NAME", "FEATURES"))
    return *asked, *(_cpu_facts() or _llvm_linker().processor())


@cache
def compiler() -> tuple[str, str]:
    """The releases of what compiles."""
    text = (_numba() / "_version.py").read_bytes()
    return hashlib.sha256(text).hexdigest(), llvmlite.__version__


def _entered(places: dict[str, int]) -> Call:
    """The call of a linked file by where its names are."""
    for name, place in places.items():
        if name.startswith(_ENVIRONMENT):
            environment = _extension("_dynfunc").Environment({})
            ctypes.c_void_p.from_address(place).value = id(environment)
            _environments.append(environment)
    (wrapper,) = (place for name, place in places.items() if name.startswith(_WRAPPER))
    call = _WRAPPER_TYPE(wrapper)
    return lambda arguments: call(None, arguments, None)


def _address_of(name: str) -> int | None:
    """Where something is that code needs, of Numba, Python or the C library."""
    found = _helpers().get(name)
    if found is None:
        try:
            # Functions too: what lies there is not looked at.
            place = ctypes.c_char.in_dll(ctypes.pythonapi, name)
        except ValueError:
            return None
        found = ctypes.addressof(place)
    return found


@cache
def _helpers() -> dict[str, int]:
    """The functions that Numba's code calls, by the names Numba gives them."""
    runtime = _extension("core/runtime/_nrt_python").c_helpers
    others = _extension("_helperlib").c_helpers
    return {
        **{n if n.startswith("_nrt") else f"NRT_{n}": at for n, at in runtime.items()},
        **{f"numba_{name}": at for name, at in others.items()},
    }


def _cpu_facts() -> tuple[str, ...]:
    """What Linux tells of the first processor; nothing where there is no such file."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            first = [line.strip() for line in takewhile(str.strip, lines)]
    except OSError:
        return ()
    return tuple(line for line in first if line.split("\t")[0].strip() in _CPU_FACTS)


def _llvm_linker() -> ModuleType:
    """LLVM's, whose library is not loaded before it is needed."""
    return importlib.import_module(".llvm_linker", __package__)


@cache
def _numba() -> Path:
    found = importlib.util.find_spec("numba")
    assert found and found.origin
    return Path(found.origin).parent


def _extension(path: str) -> ModuleType:
    """A module of Numba's in C, without the package around it."""
    name = f"numba.{path.replace('/', '.')}"
    if name in sys.modules:
        return sys.modules[name]
    (file,) = (
        file
        for suffix in importlib.machinery.EXTENSION_SUFFIXES
        if (file := _numba() / f"{path}{suffix}").exists()
    )
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # If Numba is imported later it has to find this one, not make another.
    return sys.modules.setdefault(name, module)
