"""Adds the emulator's checks to the LLVM IR of a compiled kernel.

clang has optimised the IR already, so what is checked and counted is what the
kernel really does: dead accesses are gone, values live in registers. Before every
access to device, constant or threadgroup memory goes a call into runtime.cpp, and
at the start of every basic block an update of the operation counters.

The IR is handled as text, line by line. An access this module does not recognise
is an error, never silently unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import UnsupportedError

#: File name that compile.py gives to the kernel source with a #line directive.
KERNEL_FILE = "kernel.metal"

_SPACE_NAMES = {"1": "device", "2": "constant", "3": "threadgroup"}
_ELEMENT_BYTES = {"float": 4, "half": 2, "bfloat": 2, "double": 8, "ptr": 8}

_LABEL = re.compile(r'^[\w.$"-]+:')
_PHI_OR_DEBUG = re.compile(r"\s+%\S+ = phi |\s*#dbg_|\s+(?:tail )?call void @llvm\.dbg")
_LOAD = re.compile(
    r"\s+%\S+ = load (?:volatile |atomic )*(?P<type>.+?), "
    r"ptr addrspace\((?P<space>[123])\) (?P<pointer>.+?), align"
)
_STORE = re.compile(
    r"\s+store (?:volatile |atomic )*(?P<value>.+), "
    r"ptr addrspace\((?P<space>[123])\) (?P<pointer>.+?), align"
)
_MEMORY_INTRINSIC = re.compile(
    r"\s+(?:tail )?call void @llvm\.mem(?P<kind>cpy|move|set)\.[^(]*"
    r"\((?P<arguments>.*)\)"
)
_POINTER_ARGUMENT = re.compile(
    r"ptr(?: addrspace\((?P<space>\d)\))? (?:(?:\w+\([^)]*\)|align \d+|no\w+|read\w+|"
    r"write\w+) )*(?P<pointer>.+)"
)
_ALLOCA = re.compile(r"(?m)^\s+%\S+ = alloca (.+?), align")
_PAYLOAD_BYTES = 64  # kMaxPayload of runtime.cpp
_ANY_ACCESS = re.compile(
    r"(?:= load |\bstore |atomicrmw |cmpxchg |@llvm\.(?:mem|masked)).*"
    r"addrspace\([123]\)"
)
_ARITHMETIC = re.compile(
    r"= (?:fadd|fsub|fmul|fdiv|frem) (?:[a-z]+ )*(?:<(\d+) x \w+>|float|half|bfloat)"
)
_FUSED = re.compile(r"@llvm\.(?:fmuladd|fma)\.(?:v(\d+))?")
_SPECIAL = re.compile(
    r"call .*@(?:llvm\.)?(?:exp|exp2|exp10|log|log2|log10|sin|cos|tan|sinh|cosh|tanh|"
    r"asin|acos|atan|atan2|asinh|acosh|atanh|pow|sqrt)(?:f\(|\.f32\()"
)


@dataclass(frozen=True)
class Instrumented:
    """Checked IR, and the bytes of a thread's arrays that are not in registers."""

    ir: str
    private_array_bytes: int


def instrument(ir: str) -> Instrumented:
    """Adds checks and counters to textual LLVM IR."""
    return _Instrumenter(ir).run()


class _Lines:
    """Maps `!dbg !7` to a line of the kernel source."""

    def __init__(self, ir: str) -> None:
        self._locations = {
            m[1]: (int(m[2]), m[3], m[4])
            for m in re.finditer(
                r"(?m)^(!\d+) = (?:distinct )?!DILocation\(line: (\d+).*?scope: (!\d+)"
                r"(?:, inlinedAt: (!\d+))?",
                ir,
            )
        }
        self._scope_file = dict(
            re.findall(
                r"(?m)^(!\d+) = .*?!DI(?:Subprogram|LexicalBlock\w*)\(.*?file: (!\d+)",
                ir,
            )
        )
        self._file_name = dict(
            re.findall(r'(?m)^(!\d+) = !DIFile\(filename: "([^"]*)"', ir)
        )

    def of(self, instruction: str) -> int:
        """The line, of the innermost inlined call that is in the kernel's file."""
        match = re.search(r"!dbg (!\d+)", instruction)
        location = self._locations.get(match[1]) if match else None
        while location:
            line, scope, inlined_at = location
            name = self._file_name.get(self._scope_file.get(scope, ""), "")
            if name.endswith(KERNEL_FILE):
                return line
            location = self._locations.get(inlined_at) if inlined_at else None
        return 0


class _Instrumenter:
    def __init__(self, ir: str) -> None:
        self._ir = ir
        self._lines = _Lines(ir)
        self._counter = 0  # makes the names of added values unique
        self._private_bytes = 0

    def run(self) -> Instrumented:
        output: list[str] = []
        function: list[str] | None = None
        for line in self._ir.split("\n"):
            if line.startswith("define "):
                function = [line]
            elif function is None:
                output.append(line)
            else:
                function.append(line)
                if line == "}":
                    output += self._function(function)
                    function = None
        output += self._declarations()
        return Instrumented("\n".join(output), self._private_bytes)

    def _declarations(self) -> Iterator[str]:
        for verb in ("load", "store"):
            for space in _SPACE_NAMES.values():
                yield f"declare void @__msl_{verb}_{space}(ptr, i32, i32)"
        yield "@__msl_flops = external global i64"
        yield "@__msl_special_functions = external global i64"
        # Tells the runtime where the program-scope tables are.
        yield "declare void @__msl_table(ptr, i64)"
        yield "define void @msl_register_tables() {"
        table = re.compile(
            r'(?m)^(@(?:[\w.$-]+|"[^"]*")) = [^\n]*?addrspace\(2\) '
            r"(?:externally_initialized )?(?:constant|global) (.*)$"
        )
        for name, rest in table.findall(self._ir):
            type_ = _leading_type(rest)
            yield (
                f"  call void @__msl_table(ptr addrspacecast (ptr addrspace(2) {name} "
                "to ptr), i64 ptrtoint (ptr addrspace(2) getelementptr "
                f"({type_}, ptr addrspace(2) null, i64 1) to i64))"
            )
        yield "  ret void"
        yield "}"

    def _function(self, lines: list[str]) -> Iterator[str]:
        # The shim marks its own arithmetic by the namespace metal::nocount.
        counted = "7nocount" not in lines[0].split("(")[0]
        block: list[str] = []
        if counted:
            # The kernel may be there twice: as it is and inlined in its caller.
            sizes = (_known_bytes_of(t) or 0 for t in _ALLOCA.findall("\n".join(lines)))
            # Small ones are temporaries of SIMD-group functions.
            private = sum(size for size in sizes if size > _PAYLOAD_BYTES)
            self._private_bytes = max(self._private_bytes, private)
        for line in lines:
            if _LABEL.match(line) and block:
                yield from self._block(block, counted)
                block = []
            block.append(line)
        yield from self._block(block, counted)

    def _block(self, block: list[str], counted: bool) -> Iterator[str]:
        is_head = block[0].startswith("define ") or _LABEL.match(block[0])
        position = 1 if is_head else 0
        while position < len(block) and _PHI_OR_DEBUG.match(block[position]):
            position += 1
        yield from block[:position]
        if counted:
            yield from self._counters(block)
        for line in block[position:]:
            yield from self._checks(line)
            yield line

    def _counters(self, block: list[str]) -> Iterator[str]:
        flops = special = 0
        for line in block:
            if match := _ARITHMETIC.search(line):
                flops += int(match[1] or 1)
            if match := _FUSED.search(line):
                flops += 2 * int(match[1] or 1)
            special += bool(_SPECIAL.search(line))
        for counter, amount in (("flops", flops), ("special_functions", special)):
            if amount:
                self._counter += 1
                n = self._counter
                yield f"  %msl.old.{n} = load i64, ptr @__msl_{counter}, align 8"
                yield f"  %msl.new.{n} = add i64 %msl.old.{n}, {amount}"
                yield f"  store i64 %msl.new.{n}, ptr @__msl_{counter}, align 8"

    def _checks(self, line: str) -> Iterator[str]:
        """Calls to put before the instruction `line`."""
        checks: list[str] = []
        if match := _LOAD.match(line):
            size = str(bytes_of(match["type"]))
            checks += self._check("load", match["space"], match["pointer"], size, line)
        elif match := _STORE.match(line):
            size = str(bytes_of(_leading_type(match["value"])))
            checks += self._check("store", match["space"], match["pointer"], size, line)
        elif match := _MEMORY_INTRINSIC.match(line):
            arguments = _split_arguments(match["arguments"])
            size = arguments[2].removeprefix("i64 ")
            pointers = [("store", arguments[0])]
            if match["kind"] != "set":
                pointers.insert(0, ("load", arguments[1]))
            for verb, argument in pointers:
                pointer = _POINTER_ARGUMENT.fullmatch(argument)
                if pointer is None:
                    raise UnsupportedError(f"cannot check the access {line.strip()!r}")
                if pointer["space"] in _SPACE_NAMES:
                    checks += self._check(
                        verb, pointer["space"], pointer["pointer"], size, line
                    )
        if not checks and _ANY_ACCESS.search(line):
            raise UnsupportedError(f"cannot check the access {line.strip()!r}")
        return iter(checks)

    def _check(
        self, verb: str, space: str, pointer: str, size: str, line: str
    ) -> list[str]:
        self._counter += 1
        n = self._counter
        name = f"@__msl_{verb}_{_SPACE_NAMES[space]}"
        source_line = self._lines.of(line)
        return [
            f"  %msl.p.{n} = addrspacecast ptr addrspace({space}) {pointer} to ptr",
            f"  %msl.s.{n} = trunc i64 {size} to i32",
            f"  call void {name}(ptr %msl.p.{n}, i32 %msl.s.{n}, i32 {source_line})",
        ]


def _split_arguments(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in "([{<") - (character in ")]}>")
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()]


def _leading_type(text: str) -> str:
    """The type at the start of `<type> <value>`."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([{<") - (character in ")]}>")
        if depth == 0 and character == " ":
            return text[:position]
    return text


def _known_bytes_of(type_: str) -> int | None:
    """Bytes of an LLVM type; None for structs and what else is not needed."""
    type_ = type_.strip()
    if match := re.fullmatch(r"[<\[](\d+) x (.+)[>\]]", type_):
        element = _known_bytes_of(match[2])
        return None if element is None else int(match[1]) * element
    if match := re.fullmatch(r"i(\d+)", type_):
        return (int(match[1]) + 7) // 8
    return _ELEMENT_BYTES.get(type_.split(" ")[0])


def bytes_of(type_: str) -> int:
    size = _known_bytes_of(type_)
    if size is None:
        raise UnsupportedError(f"cannot check an access of the LLVM type {type_!r}")
    return size
