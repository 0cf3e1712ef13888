"""Object files of LLVM's own, linked with and without it."""

import ctypes
import platform
from collections.abc import Callable
from pathlib import Path

import pytest
from llvmlite import binding

from backends.genesis_cpu import linker, machine_code
from backends.genesis_cpu.machine_code import SUPPORTED
from backends.genesis_cpu.object_file import ObjectFile, object_file

pytestmark = pytest.mark.skipif(
    not SUPPORTED or platform.machine() != "x86_64",
    reason="object files are for Linux on x86-64",
)

# A table of places to jump to, constants of several widths, what is written, zeros at
# a large alignment, a name that several files have, and functions of the C library.
SOURCE = """
@counter = global i64 40
@zeros = global [33 x i64] zeroinitializer, align 128
@shared = common global i8* null
@inside = global i8* bitcast (i64* getelementptr (
    [33 x i64], [33 x i64]* @zeros, i64 0, i64 3) to i8*)
declare double @pow(double, double)
declare i8* @memset(i8*, i32, i64)

define i64 @count(i64 %by) {
  %old = load i64, i64* @counter
  %new = add i64 %old, %by
  store i64 %new, i64* @counter
  ret i64 %new
}

define i64 @fill(i32 %byte) {
  %place = load i8*, i8** @inside
  store i8* %place, i8** @shared
  %again = load i8*, i8** @shared
  %done = call i8* @memset(i8* %again, i32 %byte, i64 8)
  %first = getelementptr [33 x i64], [33 x i64]* @zeros, i64 0, i64 3
  %number = load i64, i64* %first
  ret i64 %number
}

define double @chosen(i32 %which, double %x) {
  switch i32 %which, label %other [
    i32 0, label %a
    i32 1, label %b
    i32 2, label %c
    i32 3, label %d
    i32 4, label %e
  ]
a:
  %half = fmul double %x, 0.5
  ret double %half
b:
  %cube = call double @pow(double %x, double 3.0)
  ret double %cube
c:
  %less = fsub double %x, 0.1
  ret double %less
d:
  %bits = bitcast double %x to i64
  %number = sitofp i64 %bits to double
  ret double %number
e:
  %negative = fneg double %x
  ret double %negative
other:
  ret double 7.25
}
"""


def compiled(
    source: str = SOURCE,
    triple: str = "x86_64-unknown-linux-gnu",
    codemodel: str = "jitdefault",
    reloc: str = "static",
) -> ObjectFile:
    """As Numba compiles, or otherwise."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    machine = binding.Target.from_triple(triple).create_target_machine(
        opt=3, reloc=reloc, codemodel=codemodel, jit=True
    )
    module = binding.parse_assembly(f'target triple = "{triple}"\n{source}')
    return object_file(machine.emit_object(module))


def by_llvm(
    file: ObjectFile, address_of: Callable[[str], int | None]
) -> dict[str, int] | None:
    from backends.genesis_cpu import llvm_linker

    return llvm_linker.link(file, address_of)


@pytest.mark.parametrize("link", [linker.link, by_llvm])
def test_code_runs_where_it_was_put(
    link: Callable[..., dict[str, int] | None],
) -> None:
    file = compiled()
    assert linker.can_link(file)
    assert {"pow", "memset"} <= file.undefined
    places = link(file, machine_code._address_of)
    assert places is not None
    number, real = ctypes.c_int64, ctypes.c_double
    count = ctypes.CFUNCTYPE(number, number)(places["count"])
    assert [count(2), count(-50)] == [42, -8]
    assert number.from_address(places["counter"]).value == -8
    fill = ctypes.CFUNCTYPE(number, ctypes.c_int)(places["fill"])
    assert fill(1) == 0x0101010101010101
    zeros = (number * 33).from_address(places["zeros"])
    assert [n for n, each in enumerate(zeros) if each] == [3]
    assert places["zeros"] % 128 == 0
    shared = ctypes.c_void_p.from_address(places["shared"]).value
    assert shared == places["zeros"] + 24
    chosen = ctypes.CFUNCTYPE(real, ctypes.c_int, real)(places["chosen"])
    found = [chosen(which, 3.0) for which in range(-1, 6)]
    assert found == [7.25, 1.5, 27.0, 3.0 - 0.1, 0x4008 << 48, -3.0, 7.25]


def test_each_time_in_a_place_of_its_own() -> None:
    file = compiled()
    one, other = (linker.link(file, machine_code._address_of) for _ in range(2))
    assert one is not None and other is not None
    assert one.keys() == other.keys() == file.defined
    assert not set(one.values()) & set(other.values()) - {0}


def test_code_cannot_be_written_and_data_cannot_run() -> None:
    places = linker.link(compiled(), machine_code._address_of)
    assert places is not None
    assert rights_at(places["count"]) == "r-xp"
    assert rights_at(places["counter"]) == rights_at(places["shared"]) == "rw-p"


def rights_at(place: int) -> str:
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        first, last = (int(each, 16) for each in line.split()[0].split("-"))
        if first <= place < last:
            return line.split()[1]
    return "nothing"


def test_a_name_that_is_nowhere() -> None:
    source = SOURCE.replace("@memset", "@no_such_function_anywhere")
    file = compiled(source)
    assert "no_such_function_anywhere" in file.undefined
    assert linker.link(file, machine_code._address_of) is None


@pytest.mark.parametrize(
    "otherwise",
    [
        {"codemodel": "small"},
        {"reloc": "pic", "codemodel": "small"},
        {"triple": "aarch64-unknown-linux-gnu"},
    ],
    ids=["near", "anywhere", "arm"],
)
def test_files_of_other_kinds_are_left_to_llvm(otherwise: dict[str, str]) -> None:
    assert not linker.can_link(compiled(**otherwise))


def test_no_code_may_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the system forbids memory that runs."""

    class Forbidding:
        def mprotect(self, *arguments: object) -> int:
            return -1

        def __getattr__(self, name: str) -> object:
            return getattr(system, name)

    system = linker._system()
    monkeypatch.setattr(linker, "_system", Forbidding)
    assert linker.link(compiled(), machine_code._address_of) is None


def test_the_processor_is_known_without_the_system_telling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LLVM finds it out; code is kept by what either says, and by what is asked for."""
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    told = machine_code.processor()
    assert any(str(each).startswith("flags") for each in told)
    monkeypatch.setattr(machine_code, "_cpu_facts", lambda: ())
    found = machine_code.processor.__wrapped__()
    assert binding.get_host_cpu_name() in found
    monkeypatch.setenv("NUMBA_CPU_NAME", "haswell")
    assert machine_code.processor.__wrapped__() != found
