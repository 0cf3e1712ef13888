"""The symbols of an object file in the ELF format (64 bits, little-endian)."""

from dataclasses import dataclass

import numpy as np

# Elf64_Shdr: name, type, flags, address, offset, size, link, info, alignment, entries.
_SECTION = np.dtype("<u4,<u4,<u8,<u8,<u8,<u8,<u4,<u4,<u8,<u8")
# Elf64_Sym: name, info, other, section (0 is none), value, size.
_SYMBOL = np.dtype("<u4,u1,u1,<u2,<u8,<u8")
_SYMBOL_TABLE = 2


@dataclass(frozen=True)
class ObjectFile:
    """Machine code with the names that it defines, and those it needs."""

    code: bytes
    defined: frozenset[str]
    undefined: frozenset[str]


def object_file(code: bytes) -> ObjectFile:
    """Read the symbol table of an object file that LLVM wrote."""
    start = int(np.frombuffer(code, "<u8", 1, 0x28)[0])
    count = int(np.frombuffer(code, "<u2", 1, 0x3C)[0])
    sections = np.frombuffer(code, _SECTION, count, start)
    (table,) = sections[sections["f1"] == _SYMBOL_TABLE]
    symbols = np.frombuffer(
        code, _SYMBOL, int(table["f5"]) // _SYMBOL.itemsize, int(table["f4"])
    )
    texts = sections[int(table["f6"])]
    names = code[int(texts["f4"]) : int(texts["f4"] + texts["f5"])]
    defined: set[str] = set()
    undefined: set[str] = set()
    for symbol in symbols:
        place = int(symbol["f0"])
        name = names[place : names.index(b"\0", place)].decode()
        (defined if symbol["f3"] else undefined).add(name)
    return ObjectFile(code, frozenset(defined - {""}), frozenset(undefined - {""}))
