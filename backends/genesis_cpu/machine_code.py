"""Machine code that Numba made, run without importing Numba.

A file holds one kernel with all that it calls, as an object file for this processor.
LLVM's linker brings it into memory, and what Numba's C library gives it is taken from
there: reference counts, and arrays out of Python objects. The code is entered by the
wrapper that Numba's own dispatcher calls, so arguments and results are the same.
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
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from .code_files import write_code
from .object_file import ObjectFile, object_file

Call = Callable[[tuple[Any, ...]], Any]

# Object files elsewhere are of other formats, which nobody tried.
SUPPORTED = sys.platform == "linux" and sys.maxsize > 2**32
_WRAPPER, _ENVIRONMENT = "_ZN7cpython", "_ZN08NumbaEnv"
_DIGEST_BYTES = 32
_WRAPPER_TYPE = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.py_object, ctypes.py_object, ctypes.c_void_p
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
        # An engine for each: of functions with one name in two files it would take one.
        machine = _target().create_target_machine(jit=True)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        _add_helpers()
        # LLVM ends the program when it misses one. The first engine told it of Python.
        if not all(llvm.address_of_symbol(name) for name in file.undefined):
            return None
        return _linked(engine, file)


def save(folder: Path, name: str, code: bytes) -> None:
    """Keep an object file, and drop what was kept of the kernel for other sources."""
    if SUPPORTED:
        write_code(folder, name, hashlib.sha256(code).digest() + code)


@cache
def processor() -> tuple[str, str, str]:
    """The processor that Numba compiles for: triple, name and features."""
    name = os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = llvm.get_host_cpu_features().flatten()
    return llvm.get_process_triple(), name, features


@cache
def compiler() -> tuple[str, str]:
    """The releases of what compiles."""
    text = (_numba() / "_version.py").read_bytes()
    return hashlib.sha256(text).hexdigest(), llvmlite.__version__


def _linked(engine: Any, file: ObjectFile) -> Call:
    engine.add_object_file(llvm.ObjectFileRef.from_data(file.code))
    engine.finalize_object()
    for name in file.defined:
        if name.startswith(_ENVIRONMENT):
            environment = _extension("_dynfunc").Environment({})
            place = engine.get_global_value_address(name)
            ctypes.c_void_p.from_address(place).value = id(environment)
            _environments.append(environment)
    (wrapper,) = (name for name in file.defined if name.startswith(_WRAPPER))
    call = _WRAPPER_TYPE(engine.get_function_address(wrapper))
    # Threads may be in the code until the program ends.
    engine.detach()
    return lambda arguments: call(None, arguments, None)


@cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


@cache
def _add_helpers() -> None:
    """Give LLVM the functions that Numba's code calls, as Numba does."""
    runtime = _extension("core/runtime/_nrt_python")
    for name, address in runtime.c_helpers.items():
        llvm.add_symbol(name if name.startswith("_nrt") else f"NRT_{name}", address)
    for name, address in _extension("_helperlib").c_helpers.items():
        llvm.add_symbol(f"numba_{name}", address)


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
