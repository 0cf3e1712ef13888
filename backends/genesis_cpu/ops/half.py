"""float16 to float32 and back, for which a processor may lack instructions."""

from functools import cache
from typing import Any

from llvmlite import ir

from .integer_dot import FLOAT, I16, I32, assembly

# The bits of float32: 65504, float16's largest number, and infinity, and a half.
LARGEST, INFINITY, HALF = 0x477FE000, 0x7F800000, 0x3F000000
PROBE = """
define <16 x float> @f(<16 x half> %a) {
  %b = fpext <16 x half> %a to <16 x float>
  ret <16 x float> %b
}
"""
INSTRUCTIONS = ("vcvtph2ps", "fcvtl")


@cache
def has_instruction(codegen: Any) -> bool:
    """Whether code of a Numba code generator has one that makes float16 float32."""
    return any(name in assembly(codegen._tm, PROBE) for name in INSTRUCTIONS)


def half(builder, number):
    """The bits of the nearest float16, ties to even; the largest for larger ones."""
    bits = builder.bitcast(number, I32)
    size = builder.and_(bits, I32(0x7FFFFFFF))
    # Infinity is no largest number: it must show.
    large = builder.icmp_unsigned(">", size, I32(LARGEST))
    finite = builder.icmp_unsigned("<", size, I32(INFINITY))
    size = builder.select(builder.and_(large, finite), I32(LARGEST), size)
    # Of the small ones an addition leaves the bits at the end, rounded.
    magic = ir.Constant(FLOAT, 0.5)
    small = builder.bitcast(builder.fadd(builder.bitcast(size, FLOAT), magic), I32)
    small = builder.sub(small, I32(HALF))
    odd = builder.and_(builder.lshr(size, I32(13)), I32(1))
    usual = builder.add(size, builder.add(odd, I32(0xFFF - (112 << 23))))
    usual = builder.lshr(usual, I32(13))
    usual = builder.select(finite, usual, I32(0x7C00))
    none = builder.icmp_unsigned(">", size, I32(INFINITY))
    usual = builder.select(none, I32(0x7E00), usual)
    is_small = builder.icmp_unsigned("<", size, I32(113 << 23))
    found = builder.select(is_small, small, usual)
    sign = builder.and_(builder.lshr(bits, I32(16)), I32(0x8000))
    return builder.trunc(builder.or_(found, sign), I16)


def single(builder, halves, instruction):
    """Numbers of the bits of float16, one or several, by an instruction or without."""
    several = isinstance(halves.type, ir.VectorType)
    lanes = halves.type.count if several else 1

    def kind(scalar):
        return ir.VectorType(scalar, lanes) if several else scalar

    if instruction:
        return builder.fpext(builder.bitcast(halves, kind(ir.HalfType())), kind(FLOAT))

    def constant(number, scalar=I32):
        return ir.Constant(kind(scalar), [number] * lanes if several else number)

    bits = builder.shl(builder.sext(halves, kind(I32)), constant(13))
    bits = builder.and_(bits, constant(0x8FFFFFFF))
    # Infinity, and what is no number, have the largest exponent in both.
    end = constant(0x0F800000)
    special = builder.icmp_unsigned("==", builder.and_(bits, end), end)
    largest = builder.or_(bits, constant(INFINITY))
    number = builder.bitcast(builder.select(special, largest, bits), kind(FLOAT))
    return builder.fmul(number, constant(2.0**112, FLOAT))
