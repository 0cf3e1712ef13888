"""Dot products of int8 weights and int16 vectors, by what a processor has for them.

A lane holds 32 bits: four weights of one row, in the order of columns 0, 2, 1, 3 of a
quad. So their even and odd bytes, which are cheap to part, meet the vector's columns
0, 1 and 2, 3, which lie side by side. Every form gives the same int32.
"""

import re
from abc import ABC, abstractmethod
from typing import Any

from llvmlite import ir

from ..groups import ORDER, QUAD
from ..intrinsics import Later

binding = Later("llvmlite.binding")
cgutils = Later("numba.core.cgutils")

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
FLOAT = ir.FloatType()
PROBES = {
    "x86_64": (
        "define <{n} x i16> @f(<{n} x i16> %a, <{n} x i16> %b) {{\n"
        "  %c = add <{n} x i16> %a, %b\n  ret <{n} x i16> %c\n}}"
    ),
    "aarch64": (
        "define i32 @f(<16 x i8> %a, <16 x i8> %b) {\n"
        "  %c = sext <16 x i8> %a to <16 x i32>\n"
        "  %d = sext <16 x i8> %b to <16 x i32>\n"
        "  %e = mul <16 x i32> %c, %d\n"
        "  %f = call i32 @llvm.vector.reduce.add.v16i32(<16 x i32> %e)\n"
        "  ret i32 %f\n}\n"
        "declare i32 @llvm.vector.reduce.add.v16i32(<16 x i32>)"
    ),
}


# By lanes of 32 bits.
PMADDWD = {
    16: "llvm.x86.avx512.pmaddw.d.512",
    8: "llvm.x86.avx2.pmadd.wd",
    4: "llvm.x86.sse2.pmadd.wd",
}
VPDPWSSD = "llvm.x86.avx512.vpdpwssd.256"
SDOT = "llvm.aarch64.neon.sdot.v4i32.v16i8"


class Form(ABC):
    """How one kind of processor does it; `lanes` rows at once, `vectors` in a tile."""

    lanes: int
    vectors: int

    @abstractmethod
    def weights(self, builder: Any, quads: Any) -> list[Any]:
        """Bytes of quads <4 * lanes> as the products want them."""

    @abstractmethod
    def columns(self, builder: Any, place: Any) -> list[Any]:
        """The four columns of a vector at a place, in every lane."""

    @abstractmethod
    def add(self, builder: Any, sums: list[Any], weights: Any, columns: Any) -> None:
        """Add products to sums, of which there are none at first."""

    def total(self, builder: Any, sums: list[Any]) -> Any:
        """What the sums are together, int32 in each lane."""
        return sums[0]


class PairsOfWords(Form):
    """x86: `pmaddwd` adds two products of 16 bits.

    Where the processor can add a third number to them (`vpdpwssd`) LLVM makes that of
    it with AVX-512 VNNI; with AVX-VNNI alone, which is `fused`, it has to be told.
    """

    def __init__(self, lanes: int, fused: bool = False) -> None:
        self.lanes, self._fused = lanes, fused
        # As many sums as registers hold beside the rest.
        self.vectors = 8 if lanes == 16 else 4
        self._words = ir.VectorType(I16, 2 * lanes)

    def weights(self, builder: Any, quads: Any) -> list[Any]:
        words = builder.bitcast(quads, self._words)
        byte = ir.Constant(self._words, [8] * (2 * self.lanes))
        return [
            builder.ashr(builder.shl(words, byte), byte),
            builder.ashr(words, byte),
        ]

    def columns(self, builder: Any, place: Any) -> list[Any]:
        pairs = builder.bitcast(place, I32.as_pointer())
        loaded = (
            builder.load(builder.gep(pairs, [I64(half)]), align=2) for half in (0, 1)
        )
        return [
            builder.bitcast(in_every_lane(builder, pair, self.lanes), self._words)
            for pair in loaded
        ]

    def add(self, builder: Any, sums: list[Any], weights: Any, columns: Any) -> None:
        words = ir.VectorType(I32, self.lanes)
        if self._fused:
            # These are words too, as its name has it in every version of LLVM.
            kind, name = ir.FunctionType(words, [words] * 3), VPDPWSSD
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            sums[:] = sums or [ir.Constant(words, [0] * self.lanes)]
            for pair in zip(weights, columns, strict=True):
                numbers = [builder.bitcast(each, words) for each in pair]
                sums[0] = builder.call(function, [sums[0], *numbers])
            return
        kind = ir.FunctionType(words, [self._words, self._words])
        name = PMADDWD[self.lanes]
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        for pair in zip(weights, columns, strict=True):
            _accumulate(builder, sums, builder.call(function, pair))


class Bytes(Form):
    """Arm: `sdot` adds four products of 8 bits, here of a vector's two halves."""

    lanes, vectors = 4, 2

    def weights(self, builder: Any, quads: Any) -> list[Any]:
        return [quads]

    def columns(self, builder: Any, place: Any) -> list[Any]:
        words = ir.VectorType(I16, QUAD)
        x = builder.load(builder.bitcast(place, words.as_pointer()), align=2)
        order = ir.Constant(ir.VectorType(I32, QUAD), list(ORDER))
        x = builder.shuffle_vector(x, x, order)
        # x is 256 times the upper half plus the lower, both with a sign.
        up = builder.add(x, ir.Constant(words, [128] * QUAD))
        up = builder.ashr(up, ir.Constant(words, [8] * QUAD))
        octets = ir.VectorType(I8, QUAD)
        halves = builder.trunc(up, octets), builder.trunc(x, octets)
        return [
            builder.bitcast(
                in_every_lane(builder, builder.bitcast(half, I32), self.lanes),
                ir.VectorType(I8, QUAD * self.lanes),
            )
            for half in halves
        ]

    def add(self, builder: Any, sums: list[Any], weights: Any, columns: Any) -> None:
        octets = ir.VectorType(I8, QUAD * self.lanes)
        words = ir.VectorType(I32, self.lanes)
        kind = ir.FunctionType(words, [words, octets, octets])
        dot = cgutils.get_or_insert_function(builder.module, kind, SDOT)
        if not sums:
            sums += [ir.Constant(words, [0] * self.lanes)] * 2
        for half, x in enumerate(columns):
            sums[half] = builder.call(dot, [sums[half], weights[0], x])

    def total(self, builder: Any, sums: list[Any]) -> Any:
        byte = ir.Constant(ir.VectorType(I32, self.lanes), [8] * self.lanes)
        return builder.add(builder.shl(sums[0], byte), sums[1])


class Portable(Form):
    """Any processor: products of 32 bits."""

    lanes, vectors = 16, 2

    def weights(self, builder: Any, quads: Any) -> list[Any]:
        kind = ir.VectorType(I32, self.lanes)
        words = builder.bitcast(quads, kind)
        top = ir.Constant(kind, [24] * self.lanes)
        lefts = (ir.Constant(kind, [24 - 8 * byte] * self.lanes) for byte in ORDER)
        return [builder.ashr(builder.shl(words, left), top) for left in lefts]

    def columns(self, builder: Any, place: Any) -> list[Any]:
        loaded = (
            builder.load(builder.gep(place, [I64(c)]), align=2) for c in range(QUAD)
        )
        return [
            in_every_lane(builder, builder.sext(each, I32), self.lanes)
            for each in loaded
        ]

    def add(self, builder: Any, sums: list[Any], weights: Any, columns: Any) -> None:
        for pair in zip(weights, columns, strict=True):
            _accumulate(builder, sums, builder.mul(*pair))


def form_for(codegen: Any) -> Form:
    """The fastest form that code of a Numba code generator may use."""
    return form_of_machine(codegen._tm, str(codegen.magic_tuple()[2]))


def form_of_machine(machine: Any, features: str) -> Form:
    """The same for LLVM's target machine with features such as `+avx2`.

    A processor's name stands for features that no list tells, so it is shown code
    that is best with what we look for.
    """
    architecture = machine.triple.partition("-")[0].replace("arm64", "aarch64")
    probe = PROBES.get(architecture)
    if architecture == "x86_64":
        for lanes, register in ((16, "zmm"), (8, "ymm")):
            code = assembly(machine, PROBES[architecture].format(n=2 * lanes))
            if re.search(rf"paddw.*{register}", code):
                fused = lanes == 8 and "+avxvnni" in features.split(",")
                return PairsOfWords(lanes, fused)
        return PairsOfWords(4)
    if probe and re.search(r"\bsdot\b", assembly(machine, probe)):
        return Bytes()
    return Portable()


def assembly(machine: Any, text: str) -> str:
    """What a target machine makes of LLVM's instructions."""
    module = binding.parse_assembly(f'target triple = "{machine.triple}"\n{text}')
    return str(machine.emit_assembly(module))


def in_every_lane(builder: Any, number: Any, lanes: int) -> Any:
    """A vector of one number."""
    none = ir.Constant(ir.VectorType(number.type, lanes), ir.Undefined)
    one = builder.insert_element(none, number, I32(0))
    mask = ir.Constant(ir.VectorType(I32, lanes), [0] * lanes)
    return builder.shuffle_vector(one, none, mask)


def _accumulate(builder: Any, sums: list[Any], product: Any) -> None:
    if sums:
        sums[0] = builder.add(sums[0], product)
    else:
        sums.append(product)
