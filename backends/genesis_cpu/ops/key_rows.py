"""A query's products with rows of keys, and sums of rows of values.

Rows are float32, or float16 as int16, for which a processor may lack instructions.
Written for vectors, since what a compiler makes of plain loops adds up lanes for every
row.
"""

from llvmlite import ir

from ..intrinsics import Later, intrinsic
from .integer_dot import FLOAT, I16, I32, I64, in_every_lane

cgutils = Later("numba.core.cgutils")
types = Later("numba.core.types")

LANES = 16
FLOATS = ir.VectorType(FLOAT, LANES)
ZERO = ir.Constant(FLOATS, [0.0] * LANES)
FUSE = ("contract",)
# The bits of float32: 65504, float16's largest number, and infinity, and a half.
LARGEST, INFINITY, HALF = 0x477FE000, 0x7F800000, 0x3F000000
# Rows that are added up side by side.
ROWS = 4


@intrinsic
def dots(typing, keys, first, count, query, scores):
    """scores[j] = the query times row first + j of keys [room, Dh]."""

    def generate(context, builder, signature, values):
        keys, query, scores = _arrays(context, builder, signature, values, (0, 3, 4))
        first, count = values[1:3]
        width = builder.extract_value(keys.shape, 1)
        whole = builder.and_(width, I64(-LANES))
        total, rest = (cgutils.alloca_once(builder, kind) for kind in (FLOATS, FLOAT))
        with cgutils.for_range(builder, count, intp=I64) as row:
            begin = builder.mul(builder.add(first, row.index), width)
            builder.store(ZERO, total)
            with cgutils.for_range_slice(builder, I64(0), whole, I64(LANES)) as loop:
                column = loop[0]
                key = _numbers(builder, keys.data, builder.add(begin, column))
                _add(builder, total, key, _numbers(builder, query.data, column))
            builder.store(_sum(builder, builder.load(total)), rest)
            with cgutils.for_range_slice(builder, whole, width, I64(1)) as loop:
                column = loop[0]
                key = _number(builder, keys.data, builder.add(begin, column))
                _add(builder, rest, key, _number(builder, query.data, column))
            place = builder.gep(scores.data, [row.index])
            builder.store(builder.load(rest), place)
        return context.get_dummy_value()

    return types.void(keys, types.intp, types.intp, query, scores), generate


@intrinsic
def add_rows(typing, values, first, count, weights, out):
    """out[i] += weights[j] times row first + j of values [room, Dh], for all j."""

    def generate(context, builder, signature, arguments):
        values, weights, out = _arrays(
            context, builder, signature, arguments, (0, 3, 4)
        )
        first, count = arguments[1:3]
        width = builder.extract_value(values.shape, 1)
        whole = builder.and_(width, I64(-LANES))
        begin = builder.mul(first, width)
        several = builder.and_(count, I64(-ROWS))

        def weigh(total, load, row, column):
            at = builder.add(begin, builder.add(builder.mul(row, width), column))
            weight = builder.load(builder.gep(weights.data, [row]))
            if load is _numbers:
                weight = in_every_lane(builder, weight, LANES)
            _add(builder, total, load(builder, values.data, at), weight)

        totals = [cgutils.alloca_once(builder, FLOATS) for _ in range(ROWS)]
        with cgutils.for_range_slice(builder, I64(0), whole, I64(LANES)) as columns:
            column = columns[0]
            builder.store(_numbers(builder, out.data, column), totals[0])
            for total in totals[1:]:
                builder.store(ZERO, total)
            with cgutils.for_range_slice(builder, I64(0), several, I64(ROWS)) as rows:
                for number, total in enumerate(totals):
                    weigh(total, _numbers, builder.add(rows[0], I64(number)), column)
            with cgutils.for_range_slice(builder, several, count, I64(1)) as rows:
                weigh(totals[0], _numbers, rows[0], column)
            one, other, third, fourth = (builder.load(total) for total in totals)
            result = builder.fadd(builder.fadd(one, other), builder.fadd(third, fourth))
            place = builder.gep(out.data, [column])
            place = builder.bitcast(place, FLOATS.as_pointer())
            builder.store(result, place, align=4)
        single = cgutils.alloca_once(builder, FLOAT)
        with cgutils.for_range_slice(builder, whole, width, I64(1)) as columns:
            column = columns[0]
            place = builder.gep(out.data, [column])
            builder.store(builder.load(place), single)
            with cgutils.for_range_slice(builder, I64(0), count, I64(1)) as rows:
                weigh(single, _number, rows[0], column)
            builder.store(builder.load(single), place)
        return context.get_dummy_value()

    return types.void(values, types.intp, types.intp, weights, out), generate


@intrinsic
def keep(typing, row, index, number):
    """row[index] = number, rounded to float16 where rows are."""

    def generate(context, builder, signature, values):
        (row,) = _arrays(context, builder, signature, values, (0,))
        index, number = values[1:]
        if signature.args[0].dtype == types.int16:
            number = _half(builder, number)
        builder.store(number, builder.gep(row.data, [index]))
        return context.get_dummy_value()

    return types.void(row, types.intp, types.float32), generate


def _half(builder, number):
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


def _wide(builder, halves):
    """Numbers of the bits of float16, one or several."""
    several = isinstance(halves.type, ir.VectorType)
    word = ir.VectorType(I32, LANES) if several else I32
    real = FLOATS if several else FLOAT

    def constant(number, kind=word):
        return ir.Constant(kind, [number] * LANES if several else number)

    bits = builder.shl(builder.sext(halves, word), constant(13))
    bits = builder.and_(bits, constant(0x8FFFFFFF))
    # Infinity, and what is no number, have the largest exponent in both.
    end = constant(0x0F800000)
    special = builder.icmp_unsigned("==", builder.and_(bits, end), end)
    largest = builder.or_(bits, constant(INFINITY))
    number = builder.bitcast(builder.select(special, largest, bits), real)
    return builder.fmul(number, constant(2.0**112, real))


def _arrays(context, builder, signature, values, numbers):
    return [
        context.make_array(signature.args[n])(context, builder, values[n])
        for n in numbers
    ]


def _number(builder, array, index):
    """One number in float32."""
    found = builder.load(builder.gep(array, [index]))
    return _wide(builder, found) if found.type == I16 else found


def _numbers(builder, array, index):
    """`LANES` numbers from an index on in float32."""
    kind = ir.VectorType(array.type.pointee, LANES)
    place = builder.bitcast(builder.gep(array, [index]), kind.as_pointer())
    found = builder.load(place, align=2)
    return _wide(builder, found) if array.type.pointee == I16 else found


def _add(builder, total, one, other):
    product = builder.fmul(one, other, FUSE)
    builder.store(builder.fadd(product, builder.load(total), FUSE), total)


def _sum(builder, lanes):
    """The sum of the lanes, in halves."""
    width = LANES
    while width > 1:
        width //= 2
        kind = ir.VectorType(I32, width)
        lower, upper = (
            builder.shuffle_vector(
                lanes, lanes, ir.Constant(kind, list(range(begin, begin + width)))
            )
            for begin in (0, width)
        )
        lanes = builder.fadd(lower, upper)
    return builder.extract_element(lanes, I32(0))
