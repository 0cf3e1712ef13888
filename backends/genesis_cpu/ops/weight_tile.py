"""The product of 16 rows of weights with one vector or several, in LLVM's terms.

    y_tr = sum over groups g of (scale_rg * dot(codes_rg, x_tg) + bias_rg * sum(x_tg))

The dot products are exact; a row's sums of them are added up group by group, in
float32 and in the same order whatever the form and the number of vectors.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from llvmlite import ir

from ..groups import BLOCK, GROUP, QUAD
from ..intrinsics import Later
from .integer_dot import FLOAT, I8, I16, I32, I64, Form, in_every_lane

cgutils = Later("numba.core.cgutils")

CHUNK = BLOCK * QUAD
FUSE = ("contract",)
# Bytes that memory is asked for before their turn.
AHEAD = 4096


class Rows(NamedTuple):
    """Where the weights of 16 rows are.

    `codes` points to their first byte, `scales` and `biases` to their first factors
    (bfloat16 as int16); `groups` is how many a row has, `bits` of a code are 8 or 4.
    """

    codes: Any
    scales: Any
    biases: Any
    groups: Any
    bits: int


class Vector(NamedTuple):
    """A vector's int16 codes, the sums of their groups, and where 16 results go."""

    codes: Any
    sums: Any
    out: Any


def multiply_tile(
    builder: Any, form: Form, rows: Rows, vectors: Sequence[Vector]
) -> None:
    """Fill the results of every vector."""
    lanes, parts = form.lanes, range(BLOCK // form.lanes)
    floats = ir.VectorType(FLOAT, lanes)
    zero = ir.Constant(floats, [0.0] * lanes)
    totals = [
        [cgutils.alloca_once_value(builder, zero) for _ in parts] for _ in vectors
    ]
    with cgutils.for_range(builder, rows.groups, intp=I64) as loop:
        dots = _dots(builder, form, rows, vectors, loop.index)
        first = builder.mul(loop.index, I64(BLOCK))
        for part in parts:
            offset = builder.add(first, I64(part * lanes))
            scale = _factors(builder, rows.scales, offset, lanes)
            for dot, total in zip(dots, totals, strict=True):
                whole = builder.sitofp(form.total(builder, dot[part]), floats)
                _add_product(builder, total[part], whole, scale)
        sums = [
            in_every_lane(
                builder, builder.load(builder.gep(v.sums, [loop.index])), lanes
            )
            for v in vectors
        ]
        for part in parts:
            offset = builder.add(first, I64(part * lanes))
            bias = _factors(builder, rows.biases, offset, lanes)
            for each, total in zip(sums, totals, strict=True):
                _add_product(builder, total[part], each, bias)
    for vector, total in zip(vectors, totals, strict=True):
        for part in parts:
            place = builder.gep(vector.out, [I64(part * lanes)])
            place = builder.bitcast(place, floats.as_pointer())
            builder.store(builder.load(total[part]), place, align=4)


def _dots(
    builder: Any, form: Form, rows: Rows, vectors: Sequence[Vector], group: Any
) -> list[list[list[Any]]]:
    """The sums of a group of every vector, by parts of the rows."""
    parts = range(BLOCK // form.lanes)
    dots: list[list[list[Any]]] = [[[] for _ in parts] for _ in vectors]
    size = BLOCK * GROUP * rows.bits // 8
    begin = builder.mul(group, I64(size))
    column = builder.mul(group, I64(GROUP))
    for chunk in range(size // CHUNK):
        at = builder.add(begin, I64(chunk * CHUNK))
        _prefetch(builder, rows.codes, at)
        quads = [
            _quads(builder, form, rows, builder.add(at, I64(part * QUAD * form.lanes)))
            for part in parts
        ]
        for number in range(8 // rows.bits):
            offset = (chunk * 8 // rows.bits + number) * QUAD
            for vector, dot in zip(vectors, dots, strict=True):
                place = builder.gep(vector.codes, [builder.add(column, I64(offset))])
                x = form.columns(builder, place)
                for part in parts:
                    form.add(builder, dot[part], quads[part][number], x)
    return dots


def _quads(builder: Any, form: Form, rows: Rows, offset: Any) -> list[Any]:
    """One quad of each row, or with 4 bits two, as the form wants them."""
    octets = ir.VectorType(I8, QUAD * form.lanes)
    place = builder.bitcast(builder.gep(rows.codes, [offset]), octets.as_pointer())
    raw = builder.load(place, align=1)
    if rows.bits == 8:
        return [form.weights(builder, raw)]
    low, up = (ir.Constant(octets, [n] * (QUAD * form.lanes)) for n in (15, 4))
    return [
        form.weights(builder, each)
        for each in (builder.and_(raw, low), builder.lshr(raw, up))
    ]


def _prefetch(builder: Any, codes: Any, offset: Any) -> None:
    """Ask for what lies some way after an offset, which memory is slow to give."""
    place = builder.gep(codes, [builder.add(offset, I64(AHEAD))])
    kind = ir.FunctionType(ir.VoidType(), [place.type, I32, I32, I32])
    function = cgutils.get_or_insert_function(
        builder.module, kind, "llvm.prefetch.p0i8"
    )
    builder.call(function, [place, I32(0), I32(3), I32(1)])


def _factors(builder: Any, factors: Any, offset: Any, lanes: int) -> Any:
    """Factors from an offset on in float32."""
    halves, words = ir.VectorType(I16, lanes), ir.VectorType(I32, lanes)
    place = builder.bitcast(builder.gep(factors, [offset]), halves.as_pointer())
    wide = builder.zext(builder.load(place, align=2), words)
    wide = builder.shl(wide, ir.Constant(words, [16] * lanes))
    return builder.bitcast(wide, ir.VectorType(FLOAT, lanes))


def _add_product(builder: Any, total: Any, one: Any, other: Any) -> None:
    product = builder.fmul(one, other, FUSE)
    builder.store(builder.fadd(product, builder.load(total), FUSE), total)
