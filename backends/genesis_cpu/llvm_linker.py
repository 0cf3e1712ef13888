"""Bringing object files into memory by LLVM, for processors `linker` does not know."""

from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from .object_file import ObjectFile


def link(
    file: ObjectFile, address_of: Callable[[str], int | None]
) -> dict[str, int] | None:
    """Where the names are that a file defines; see `linker.link`."""
    # An engine for each: of functions with one name in two files it would take one.
    machine = _target().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    # LLVM ends the program when it misses one.
    for name in file.undefined:
        place = address_of(name)
        if place is None:
            return None
        llvm.add_symbol(name, place)
    engine.add_object_file(llvm.ObjectFileRef.from_data(file.code))
    engine.finalize_object()
    address = engine.get_global_value_address
    places = {name: address(name) for name in file.defined}
    # Threads may be in the code until the program ends.
    engine.detach()
    return places


def processor() -> tuple[str, str, str]:
    """The processor that Numba compiles for: triple, name and features."""
    features = llvm.get_host_cpu_features().flatten()
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), features


@cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()
