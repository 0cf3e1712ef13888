"""Bringing object files for x86-64 into memory, without LLVM.

Numba compiles for any place in memory, so that every reference is a whole address.
LLVM's linker does the same, but its library takes 50 MB.
"""

import ctypes
import mmap
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .object_file import ABSOLUTE, COMMON, UNDEFINED, X86_64, ObjectFile, Symbol

# R_X86_64_64: symbol + addend.
ADDRESS, ADDRESS_BYTES = 1, 8
FAILED = ctypes.c_void_p(-1).value


def can_link(file: ObjectFile) -> bool:
    """Whether a file is for x86-64 and has references of the kind known here."""
    known = [UNDEFINED, ABSOLUTE, COMMON, *file.sections]
    places = np.array([each.section for each in file.symbols])
    return file.machine == X86_64 and all(
        (records["kind"] == ADDRESS).all()
        and np.isin(places[records["symbol"]], known).all()
        for records in file.relocations.values()
    )


def link(
    file: ObjectFile, address_of: Callable[[str], int | None]
) -> dict[str, int] | None:
    """Where the names are that a file defines; it stays in memory for good.

    None if it needs a name that `address_of` does not find, or if no code may be added
    to this process.
    """
    needed = {name: address_of(name) for name in file.undefined}
    if None in needed.values():
        return None
    layout = _layout(file)
    start: int = _system().mmap(
        None,
        layout.size,
        mmap.PROT_READ | mmap.PROT_WRITE,
        mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
        -1,
        0,
    )
    if start == FAILED:
        return None

    def address(symbol: Symbol) -> int:
        if symbol.section == UNDEFINED:
            return needed.get(symbol.name) or 0
        if symbol.section == COMMON:
            return start + layout.commons[symbol.name]
        if symbol.section == ABSOLUTE:
            return symbol.value
        return start + layout.sections.get(symbol.section, 0) + symbol.value

    addresses = [address(each) for each in file.symbols]
    image = _image(file, layout, np.array(addresses, np.int64))
    ctypes.memmove(start, image.ctypes.data, layout.size)
    if _system().mprotect(start, layout.fixed, mmap.PROT_READ | mmap.PROT_EXEC):
        _system().munmap(start, layout.size)
        return None
    places = zip(file.symbols, addresses, strict=True)
    return {s.name: place for s, place in places if s.name and s.section != UNDEFINED}


class _Layout(NamedTuple):
    """First bytes of sections and common symbols; the `fixed` ones are not written."""

    sections: dict[int, int]
    commons: dict[str, int]
    fixed: int
    size: int


def _layout(file: ObjectFile) -> _Layout:
    sections, commons, end, fixed = {}, {}, 0, 0
    for written in (False, True):
        for number, section in file.sections.items():
            if section.written == written:
                sections[number] = end = _aligned(end, section.alignment)
                end += section.size
        if not written:
            fixed = end = _aligned(end, mmap.PAGESIZE)
    for symbol in file.symbols:
        if symbol.section == COMMON:
            commons[symbol.name] = end = _aligned(end, symbol.value)
            end += symbol.size
    return _Layout(sections, commons, fixed, end)


def _aligned(place: int, alignment: int) -> int:
    return -(-place // alignment) * alignment


def _image(file: ObjectFile, layout: _Layout, addresses: Any) -> Any:
    """What belongs in memory [size], bytes."""
    image = np.zeros(layout.size, np.uint8)
    for number, section in file.sections.items():
        first = layout.sections[number]
        if section.content is not None:
            content = np.frombuffer(section.content, np.uint8)
            image[first : first + section.size] = content
        if number in file.relocations:
            records = file.relocations[number]
            values = addresses[records["symbol"]] + records["addend"]
            places = first + records["offset"].astype(np.int64)
            places = places[:, None] + np.arange(ADDRESS_BYTES)
            image[places] = values.astype("<i8").view(np.uint8).reshape(places.shape)
    return image


@cache
def _system() -> Any:
    """The C library."""
    system: Any = ctypes.CDLL(None, use_errno=True)
    size, number = ctypes.c_size_t, ctypes.c_int
    place = ctypes.c_void_p
    system.mmap.restype = place
    system.mmap.argtypes = [place, size, number, number, number, ctypes.c_long]
    system.mprotect.argtypes = [place, size, number]
    system.munmap.argtypes = [place, size]
    return system
