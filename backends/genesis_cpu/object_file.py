"""Reading object files in the ELF format (64 bits, little-endian), as LLVM writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Elf64_Shdr, whose `target` is `sh_info`.
_SECTION = np.dtype("<u4,<u4,<u8,<u8,<u8,<u8,<u4,<u4,<u8,<u8")
_SECTION.names = (
    "name", "kind", "flags", "address", "offset", "size", "link", "target",
    "alignment", "entry",
)  # fmt: skip
# Elf64_Sym and Elf64_Rela.
_SYMBOL = np.dtype("<u4,u1,u1,<u2,<u8,<u8")
_SYMBOL.names = ("name", "info", "other", "section", "value", "size")
_RELOCATION = np.dtype("<u8,<u4,<u4,<i8")
_RELOCATION.names = ("offset", "kind", "symbol", "addend")
_CONTENT, _SYMBOLS, _RELOCATIONS, _ZEROS = 1, 2, 4, 8
_WRITTEN, _IN_MEMORY = 1, 2
# Sections of symbols that are in none.
UNDEFINED, ABSOLUTE, COMMON = 0, 0xFFF1, 0xFFF2
X86_64 = 62


class Section(NamedTuple):
    """Bytes that a program needs in memory; `content` is None for `size` zeros."""

    content: bytes | None
    size: int
    alignment: int
    written: bool


class Symbol(NamedTuple):
    """A name for a place: of a common symbol `value` is the alignment."""

    name: str
    section: int
    value: int
    size: int


@dataclass(frozen=True)
class ObjectFile:
    """Machine code with the names that it defines, and those it needs.

    `sections` are those that belong in memory, by the number that symbols know them
    by; `relocations` of each are records of offset, kind, symbol and addend.
    """

    code: bytes
    machine: int
    sections: dict[int, Section]
    symbols: tuple[Symbol, ...]
    relocations: dict[int, NDArray[Any]]

    @property
    def defined(self) -> frozenset[str]:
        """Names that are in it."""
        return frozenset(each.name for each in self._named if each.section)

    @property
    def undefined(self) -> frozenset[str]:
        """Names that have to be found elsewhere."""
        return frozenset(each.name for each in self._named if not each.section)

    @property
    def _named(self) -> Iterator[Symbol]:
        return (each for each in self.symbols if each.name)


def object_file(code: bytes) -> ObjectFile:
    """Read what links an object file that LLVM wrote."""
    start = int(np.frombuffer(code, "<u8", 1, 0x28)[0])
    count = int(np.frombuffer(code, "<u2", 1, 0x3C)[0])
    table = np.frombuffer(code, _SECTION, count, start)
    sections, relocations = {}, {}
    symbols: tuple[Symbol, ...] = ()
    for number, row in enumerate(table):
        kind, flags, size = (int(row[name]) for name in ("kind", "flags", "size"))
        content = code[int(row["offset"]) :][:size]
        if kind == _SYMBOLS:
            symbols = tuple(_symbols(content, code, table[int(row["link"])]))
        elif kind == _RELOCATIONS:
            relocations[int(row["target"])] = np.frombuffer(content, _RELOCATION)
        elif flags & _IN_MEMORY and kind in (_CONTENT, _ZEROS):
            sections[number] = Section(
                content if kind == _CONTENT else None,
                size,
                max(1, int(row["alignment"])),
                bool(flags & _WRITTEN),
            )
    needed = {n: each for n, each in relocations.items() if n in sections}
    machine = int(np.frombuffer(code, "<u2", 1, 0x12)[0])
    return ObjectFile(code, machine, sections, symbols, needed)


def _symbols(content: bytes, code: bytes, texts: Any) -> Iterator[Symbol]:
    names = code[int(texts["offset"]) :][: int(texts["size"])]
    for place, _, _, section, value, size in np.frombuffer(content, _SYMBOL).tolist():
        yield Symbol(
            names[place : names.index(b"\0", place)].decode(), section, value, size
        )
