"""Every form of the integer products that this processor has, against NumPy's int32."""

import ctypes
import platform
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from llvmlite import binding, ir
from numpy.typing import NDArray
from tolerances import OPERATOR

from backends.genesis_cpu.groups import (
    BLOCK,
    GROUP,
    LEVELS,
    Bits,
    block_size,
    put_rows,
    rounded,
)
from backends.genesis_cpu.ops import integer_dot
from backends.genesis_cpu.ops.integer_dot import (
    Bytes,
    Form,
    PairsOfWords,
    Portable,
    form_of_machine,
)
from backends.genesis_cpu.ops.weight_tile import Rows, Vector, multiply_tile

binding.initialize_all_targets()
binding.initialize_all_asmprinters()
HOST = binding.get_host_cpu_features()
X86 = platform.machine() in ("x86_64", "AMD64")
Codes = NDArray[np.int64]
Floats = NDArray[np.float32]
LONG = ir.IntType(64)
RANGES: dict[Bits, tuple[int, int]] = {8: (-128, 127), 4: (0, 15)}
# What `sdot` does, in words of any processor.
SOFTWARE = """
define <4 x i32> @sdot_in_software(<4 x i32> %acc, <16 x i8> %a, <16 x i8> %b) {
  %c = sext <16 x i8> %a to <16 x i32>
  %d = sext <16 x i8> %b to <16 x i32>
  %p = mul <16 x i32> %c, %d
  %p0 = shufflevector <16 x i32> %p, <16 x i32> %p, <4 x i32> <i32 0, i32 4, i32 8, i32 12>
  %p1 = shufflevector <16 x i32> %p, <16 x i32> %p, <4 x i32> <i32 1, i32 5, i32 9, i32 13>
  %p2 = shufflevector <16 x i32> %p, <16 x i32> %p, <4 x i32> <i32 2, i32 6, i32 10, i32 14>
  %p3 = shufflevector <16 x i32> %p, <16 x i32> %p, <4 x i32> <i32 3, i32 7, i32 11, i32 15>
  %s0 = add <4 x i32> %acc, %p0
  %s1 = add <4 x i32> %s0, %p1
  %s2 = add <4 x i32> %s1, %p2
  %s3 = add <4 x i32> %s2, %p3
  ret <4 x i32> %s3
}
"""  # noqa: E501 - a line an instruction


DECLARED = (
    'declare <4 x i32> @"sdot_in_software"'
    '(<4 x i32> %".1", <16 x i8> %".2", <16 x i8> %".3")'
)


def machine(triple: str, name: str, features: str = "") -> Any:
    target = binding.Target.from_triple(triple)
    return target.create_target_machine(cpu=name, features=features, opt=3, jit=True)


def x86(name: str, features: str = "") -> Any:
    return machine("x86_64-unknown-linux-gnu", name, features)


def arm(features: str) -> Any:
    return machine("aarch64-unknown-linux-gnu", "generic", features)


def function_of(form: Form, bits: Bits, vectors: int) -> str:
    """LLVM's text of a tile: codes, scales, biases, groups, x, sums, out."""
    module = ir.Module()
    byte, half, real = (
        kind.as_pointer() for kind in (ir.IntType(8), ir.IntType(16), ir.FloatType())
    )
    kind = ir.FunctionType(ir.VoidType(), [byte, half, half, LONG, half, real, real])
    function = ir.Function(module, kind, "tile")
    builder = ir.IRBuilder(function.append_basic_block())
    codes, scales, biases, groups, x, sums, out = function.args
    wide = builder.mul(groups, LONG(GROUP))
    several = [
        Vector(
            builder.gep(x, [builder.mul(wide, LONG(v))]),
            builder.gep(sums, [builder.mul(groups, LONG(v))]),
            builder.gep(out, [LONG(v * BLOCK)]),
        )
        for v in range(vectors)
    ]
    multiply_tile(builder, form, Rows(codes, scales, biases, groups, bits), several)
    builder.ret_void()
    return str(module)


def compiled(form: Form, bits: Bits, vectors: int, features: str) -> Callable[..., Any]:
    """The function, for this processor without some of its features."""
    text = function_of(form, bits, vectors)
    if isinstance(form, Bytes):
        text = text.replace(DECLARED, "") + SOFTWARE
    module = binding.parse_assembly(text)
    engine = binding.create_mcjit_compiler(
        module, machine(binding.get_default_triple(), "", features)
    )
    engine.finalize_object()
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    signature = ctypes.CFUNCTYPE(
        None, pointer, pointer, pointer, number, pointer, pointer, pointer
    )
    found: Any = signature(engine.get_function_address("tile"))
    found.engine = engine
    return found  # type: ignore[no-any-return]  # ctypes knows no more of it


def forms_here() -> list[Any]:
    """Each with the features that its code may use."""
    found: list[Any] = [pytest.param(Portable(), "", id="portable")]
    if not X86:
        return found
    found.append(pytest.param(PairsOfWords(4), "", id="sse2"))
    if HOST["avx2"]:
        found.append(pytest.param(PairsOfWords(8), "+avx2,+fma", id="avx2"))
    if HOST["avx2"] and HOST.get("avxvnni"):
        found.append(
            pytest.param(PairsOfWords(8, fused=True), "+avx2,+avxvnni", id="avx-vnni")
        )
    if HOST["avx512bw"]:
        found.append(pytest.param(PairsOfWords(16), "+avx512bw", id="avx512"))
    if HOST["avx512bw"] and HOST.get("avx512vnni"):
        vnni = "+avx512bw,+avx512vnni"
        found.append(pytest.param(PairsOfWords(16), vnni, id="avx512-vnni"))
    return found


def cases(bits: Bits, columns: int, vectors: int) -> Iterator[tuple[Codes, Codes]]:
    """Codes of weights [16, columns] and of vectors: any, and the most extreme."""
    random = np.random.default_rng(columns)
    (least, most), shape, wide = RANGES[bits], (BLOCK, columns), (vectors, columns)
    some = random.integers(least, most + 1, shape)
    yield some, random.integers(-LEVELS, LEVELS + 1, wide)
    yield some, random.choice([-LEVELS, LEVELS], wide)
    yield np.full(shape, least), np.full(wide, -LEVELS)
    yield np.full(shape, most), np.full(wide, LEVELS)
    yield random.choice([least, most], shape), random.choice([-LEVELS, 1], wide)


def run(multiply: Any, codes: Codes, factors: Floats, x: Codes, bits: Bits) -> Floats:
    groups = factors.shape[2]
    packed = np.zeros(block_size(codes.shape[1], bits), np.uint8)
    placed = np.zeros((2, groups * BLOCK), np.int16)
    put_rows(packed, placed, 0, (codes.astype(np.int8), factors), bits)
    vectors = x.astype(np.int16)
    sums = x.reshape(len(x), groups, GROUP).sum(2).astype(np.float32)
    out = np.empty((len(x), BLOCK), np.float32)
    before, after = (packed, *placed), (vectors, sums, out)
    pointers = [[each.ctypes.data for each in arrays] for arrays in (before, after)]
    multiply(*pointers[0], groups, *pointers[1])
    return out


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(("form", "features"), forms_here())
def test_a_group_is_exact(form: Form, features: str, bits: Bits) -> None:
    """Its dot product is int32, which is all that is rounded."""
    ones = np.ones((2, BLOCK, 1), np.float32)
    ones[1] = 0
    for vectors in (1, form.vectors):
        multiply = compiled(form, bits, vectors, features)
        for codes, x in cases(bits, GROUP, vectors):
            exact = np.int32(x @ codes.T)
            found = run(multiply, codes, ones, x, bits)
            assert np.array_equal(found, exact.astype(np.float32))


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(("form", "features"), forms_here())
def test_groups_have_scales_and_biases(form: Form, features: str, bits: Bits) -> None:
    random, groups = np.random.default_rng(bits), 5
    factors = rounded(random.standard_normal((2, BLOCK, groups), np.float32))
    scales, biases = np.repeat(np.float64(factors), GROUP, axis=2)
    single = compiled(form, bits, 1, features)
    multiply = compiled(form, bits, form.vectors, features)
    for codes, x in cases(bits, groups * GROUP, form.vectors):
        weights = codes * scales + biases
        found = run(multiply, codes, factors, x, bits)
        size = np.abs(x) @ (np.abs(codes * scales) + np.abs(biases)).T
        assert (np.abs(found - x @ weights.T) <= OPERATOR * size).all()
        alone = [run(single, codes, factors, each[None], bits)[0] for each in x]
        assert np.array_equal(found, alone)


@pytest.mark.parametrize("bits", [8, 4])
def test_arms_form_in_software(bits: Bits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of it but the instruction, which is replaced."""
    monkeypatch.setattr(integer_dot, "SDOT", "sdot_in_software")
    test_a_group_is_exact(Bytes(), "", bits)
    test_groups_have_scales_and_biases(Bytes(), "", bits)


@pytest.mark.parametrize(
    ("name", "features", "lanes", "there", "not_there"),
    [
        ("x86-64", "", 4, "pmaddwd", "vpmaddwd"),
        ("haswell", "", 8, "vpmaddwd.*ymm", "zmm|vpdpwssd"),
        ("alderlake", "+avxvnni", 8, "vpdpwssd.*ymm", "zmm"),
        ("skylake-avx512", "", 16, "vpmaddwd.*zmm", "vpdpwssd"),
        ("znver5", "", 16, "vpdpwssd.*zmm", "ymm15"),
    ],
)
def test_the_instructions_of_x86(
    name: str, features: str, lanes: int, there: str, not_there: str
) -> None:
    """By a processor's name, as NUMBA_CPU_NAME gives it, and what is said of it."""
    code = assembly(x86(name, features), features, lanes)
    assert re.search(there, code) and not re.search(not_there, code)


def test_the_instructions_of_arm() -> None:
    assert re.search(
        r"sdot\s+v\d+\.4s, v\d+\.16b", assembly(arm("+dotprod"), "+dotprod", 4)
    )
    assert "sdot" not in assembly(arm(""), "", 16)
    assert isinstance(form_of_machine(arm("+dotprod"), "+dotprod"), Bytes)
    assert isinstance(form_of_machine(arm(""), ""), Portable)


def test_any_other_processor() -> None:
    riscv = machine("riscv64-unknown-linux-gnu", "generic-rv64")
    assert isinstance(form_of_machine(riscv, ""), Portable)
    assert "mul" in assembly(riscv, "", 16)


def assembly(target: Any, features: str, lanes: int) -> str:
    form = form_of_machine(target, features)
    assert form.lanes == lanes
    module = binding.parse_assembly(function_of(form, 8, form.vectors))
    module.triple = target.triple
    code: str = target.emit_assembly(module)
    return code
