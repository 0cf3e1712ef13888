"""Implicit conversions of bfloat, found in the compiler's syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .instrument import KERNEL_FILE
from .source import GeneratedSource
from .toolchain import Compiler
from .translate import blank_comments

# What the parts of a generated file begin with.
KERNEL_BEGINS, ENTRY_BEGINS = f'#line 1 "{KERNEL_FILE}"\n', '#line 1 "entry"\n'


def bfloat_conversions(
    compiler: Compiler, flags: list[str], generated: GeneratedSource
) -> list[str]:
    """Implicit conversions to bfloat, which Metal forbids and clang allows.

    They are read off clang's dump of the syntax tree, of the kernel and of each
    function defined next to it.
    """
    if "bfloat" not in generated.text:
        return []
    found: dict[int, str] = {}
    for dump in _dumps(compiler, flags, generated):
        for line, problem in _bfloat_conversions_in_dump(dump):
            found[line] = f"{generated.describe_line(line)}: error: {problem}"
    return [found[line] for line in sorted(found)]


def _dumps(
    compiler: Compiler, flags: list[str], generated: GeneratedSource
) -> Iterator[str]:
    """Syntax trees of all functions in the kernel's source.

    In one namespace they come at once; function by function if they cannot be in one.
    """
    *options, unit = flags
    inside = Path(unit).with_name("inside.cpp")
    text = Path(unit).read_text()
    # The entry makes the kernel's template a function.
    for line, put in (
        (KERNEL_BEGINS, f"namespace {_NAMESPACE} {{\n"),
        (ENTRY_BEGINS, f"}}\nusing namespace {_NAMESPACE};\n"),
    ):
        text = text.replace(line, put + line, 1)
    inside.write_text(text)
    dump = ("-fsyntax-only", "-w", "-Xclang", "-ast-dump", "-Xclang")
    whole = compiler.run(
        [*options, str(inside), *dump, f"-ast-dump-filter={_NAMESPACE}"]
    )
    errors = re.findall(r"error: .*", whole.stderr)
    # zig misses the object file, which was not asked for.
    if all("failed to rename" in error for error in errors):
        yield whole.stdout
        return
    code = blank_comments(generated.text)
    functions = set(
        re.findall(
            r"\b([A-Za-z_]\w*)\s*\([^;{}()]*(?:\([^()]*\)[^;{}()]*)*\)\s*(?:const\s*)?\{",
            code,
        )
    ) - {"if", "for", "while", "switch"}
    for function in sorted(functions):
        yield compiler.run([*flags, *dump, f"-ast-dump-filter={function}"]).stdout


_NAMESPACE = "kernel_source"

_BFLOAT = r"'(?:[^']*':')?(?:device |const |thread )*__bf16'"

_IMPLICIT_CAST = re.compile(
    rf"ImplicitCastExpr .*{_BFLOAT}.*<(?:FloatingCast|IntegralToFloating)>"
)


def _bfloat_conversions_in_dump(dump: str) -> Iterable[tuple[int, str]]:
    current = 0  # the dump names a line only where it changes
    for node in dump.split("\n"):
        line = current
        locations = re.search(r"0x[0-9a-f]+ <([^>]*)>( \S+)?", node)
        if locations:
            begin, _, rest = f"{locations[1]},{locations[2] or ''}".partition(",")
            for position, text in enumerate((begin, rest)):
                for match in re.finditer(r"[\w.]+:(\d+):\d+", text):
                    current = int(match[1])
                if position == 0:
                    line = current
        if _IMPLICIT_CAST.search(node) and "part_of_explicit_cast" not in node:
            yield line, "implicit conversion to bfloat"
        elif (
            "CompoundAssignOperator" in node
            and re.search(_BFLOAT, node)
            and re.search(r"ComputeResultTy='(?:float|_Float16)", node)
        ):
            yield line, "compound assignment narrows to bfloat"
