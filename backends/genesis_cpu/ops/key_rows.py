"""A query's products with rows of keys, and sums of rows of values.

Rows are float32, or float16 as int16, for which a processor may lack instructions.
Written for vectors, since what a compiler makes of plain loops adds up lanes for every
row.
"""

from llvmlite import ir

from ..intrinsics import Later, intrinsic
from .half import half, has_instruction, single
from .integer_dot import FLOAT, I16, I32, I64, in_every_lane

cgutils = Later("numba.core.cgutils")
types = Later("numba.core.types")

LANES = 16
FLOATS = ir.VectorType(FLOAT, LANES)
ZERO = ir.Constant(FLOATS, [0.0] * LANES)
FUSE = ("contract",)
# Rows that are done side by side.
ROWS = 4


@intrinsic
def dots(typing, keys, first, count, query, scores):
    """scores[j] = the query times row first + j of keys [room, Dh]."""

    def generate(context, builder, signature, values):
        keys, query, scores = _arrays(context, builder, signature, values, (0, 3, 4))
        loads = _Loads(context, builder)
        first, count = values[1:3]
        width = builder.extract_value(keys.shape, 1)
        whole = builder.and_(width, I64(-LANES))
        several = builder.and_(count, I64(-ROWS))
        totals = [cgutils.alloca_once(builder, FLOATS) for _ in range(ROWS)]
        rest = cgutils.alloca_once(builder, FLOAT)

        def rows(number, row):
            """Products with `number` rows from a row on, but for the last columns."""
            begins = [
                builder.mul(builder.add(first, builder.add(row, I64(n))), width)
                for n in range(number)
            ]
            for total in totals[:number]:
                builder.store(ZERO, total)
            with cgutils.for_range_slice(builder, I64(0), whole, I64(LANES)) as loop:
                part = loads.numbers(query.data, loop[0])
                for begin, total in zip(begins, totals, strict=False):
                    key = loads.numbers(keys.data, builder.add(begin, loop[0]))
                    _add(builder, total, key, part)
            sums = _sums(builder, [builder.load(t) for t in totals[:number]])
            for n, (begin, total) in enumerate(zip(begins, sums, strict=True)):
                builder.store(total, rest)
                with cgutils.for_range_slice(builder, whole, width, I64(1)) as loop:
                    key = loads.number(keys.data, builder.add(begin, loop[0]))
                    _add(builder, rest, key, loads.number(query.data, loop[0]))
                place = builder.gep(scores.data, [builder.add(row, I64(n))])
                builder.store(builder.load(rest), place)

        with cgutils.for_range_slice(builder, I64(0), several, I64(ROWS)) as loop:
            rows(ROWS, loop[0])
        with cgutils.for_range_slice(builder, several, count, I64(1)) as loop:
            rows(1, loop[0])
        return context.get_dummy_value()

    return types.void(keys, types.intp, types.intp, query, scores), generate


@intrinsic
def add_rows(typing, values, first, count, weights, out):
    """out[i] += weights[j] times row first + j of values [room, Dh], for all j."""

    def generate(context, builder, signature, arguments):
        values, weights, out = _arrays(
            context, builder, signature, arguments, (0, 3, 4)
        )
        loads = _Loads(context, builder)
        first, count = arguments[1:3]
        width = builder.extract_value(values.shape, 1)
        whole = builder.and_(width, I64(-LANES))
        begin = builder.mul(first, width)
        several = builder.and_(count, I64(-ROWS))

        pairs = builder.and_(width, I64(-2 * LANES))

        def weight_of(row):
            return builder.load(builder.gep(weights.data, [row]))

        def weigh(total, load, row, column, weight):
            at = builder.add(begin, builder.add(builder.mul(row, width), column))
            _add(builder, total, load(values.data, at), weight)

        totals = [
            [cgutils.alloca_once(builder, FLOATS) for _ in range(ROWS)]
            for _ in range(2)
        ]

        def columns_from(start, vectors):
            """So many vectors of columns, as many rows side by side as there may be."""
            columns = [builder.add(start, I64(n * LANES)) for n in range(vectors)]
            for column, sums in zip(columns, totals, strict=False):
                builder.store(loads.numbers(out.data, column), sums[0])
                for total in sums[1:]:
                    builder.store(ZERO, total)

            def some_rows(row, number):
                for n in range(number):
                    at = builder.add(row, I64(n))
                    weight = in_every_lane(builder, weight_of(at), LANES)
                    for column, sums in zip(columns, totals, strict=False):
                        weigh(sums[n], loads.numbers, at, column, weight)

            with cgutils.for_range_slice(builder, I64(0), several, I64(ROWS)) as rows:
                some_rows(rows[0], ROWS)
            with cgutils.for_range_slice(builder, several, count, I64(1)) as rows:
                some_rows(rows[0], 1)
            for column, sums in zip(columns, totals, strict=False):
                one, other, third, fourth = (builder.load(total) for total in sums)
                left, right = builder.fadd(one, other), builder.fadd(third, fourth)
                place = builder.gep(out.data, [column])
                place = builder.bitcast(place, FLOATS.as_pointer())
                builder.store(builder.fadd(left, right), place, align=4)

        with cgutils.for_range_slice(builder, I64(0), pairs, I64(2 * LANES)) as loop:
            columns_from(loop[0], 2)
        with cgutils.for_range_slice(builder, pairs, whole, I64(LANES)) as loop:
            columns_from(loop[0], 1)
        one = cgutils.alloca_once(builder, FLOAT)
        with cgutils.for_range_slice(builder, whole, width, I64(1)) as columns:
            column = columns[0]
            place = builder.gep(out.data, [column])
            builder.store(builder.load(place), one)
            with cgutils.for_range_slice(builder, I64(0), count, I64(1)) as rows:
                weigh(one, loads.number, rows[0], column, weight_of(rows[0]))
            builder.store(builder.load(one), place)
        return context.get_dummy_value()

    return types.void(values, types.intp, types.intp, weights, out), generate


@intrinsic
def keep(typing, row, index, number):
    """row[index] = number, rounded to float16 where rows are."""

    def generate(context, builder, signature, values):
        (row,) = _arrays(context, builder, signature, values, (0,))
        index, number = values[1:]
        if signature.args[0].dtype == types.int16:
            number = half(builder, number)
        builder.store(number, builder.gep(row.data, [index]))
        return context.get_dummy_value()

    return types.void(row, types.intp, types.float32), generate


def _arrays(context, builder, signature, values, numbers):
    return [
        context.make_array(signature.args[n])(context, builder, values[n])
        for n in numbers
    ]


class _Loads:
    """Loads numbers in float32 from arrays of float32 or float16."""

    def __init__(self, context, builder):
        self._builder, self._instruction = builder, has_instruction(context.codegen())

    def number(self, array, index):
        """The one at an index."""
        return self._wide(self._builder.load(self._builder.gep(array, [index])))

    def numbers(self, array, index):
        """`LANES` of them from an index on."""
        builder, kind = self._builder, ir.VectorType(array.type.pointee, LANES)
        place = builder.bitcast(builder.gep(array, [index]), kind.as_pointer())
        return self._wide(builder.load(place, align=2))

    def _wide(self, found):
        if getattr(found.type, "element", found.type) != I16:
            return found
        return single(self._builder, found, self._instruction)


def _add(builder, total, one, other):
    product = builder.fmul(one, other, FUSE)
    builder.store(builder.fadd(product, builder.load(total), FUSE), total)


def _sums(builder, vectors):
    """The sum of each vector's lanes, in halves."""
    width = LANES
    while width > 1:
        width //= 2
        vectors = [
            builder.fadd(
                *(
                    builder.shuffle_vector(v, v, _lanes(begin, begin + width))
                    for begin in (0, width)
                )
            )
            for v in vectors
        ]
    return [builder.extract_element(v, I32(0)) for v in vectors]


def _lanes(begin, end):
    numbers = list(range(begin, end))
    return ir.Constant(ir.VectorType(I32, len(numbers)), numbers)
