"""Products with int8 weights that have a scale and a bias for each group of a row."""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from ..compiling import kernel
from ..groups import GROUP, LANES

FUSE = ("contract",)
# Bytes that memory is asked for before their turn.
AHEAD = 4096


@kernel
def grouped_product(matrix, start, rows, columns, groups, first, x, sums, y):
    """y = W x for an int8 matrix [rows, columns] that begins at `start`.

    Args:
        matrix: all weights' codes in a row; a weight is code * scale + bias.
        start: index of the matrix's first entry.
        rows: length of y.
        columns: length of x.
        groups: scales and biases of the groups of all rows of all matrices [2, n],
            followed by `LANES` numbers that do not count.
        first: index of the matrix's first group.
        x: vector [columns].
        sums: of the groups of x, by `group_sums`.
        y: filled [rows].
    """
    scales, biases = groups[0], groups[1]
    whole, count = columns // GROUP, (columns + GROUP - 1) // GROUP
    for r in range(rows):
        at, group = start + r * columns, first + r * count
        total = grouped_dot(matrix, at, scales, biases, group, count, x, sums, whole)
        if count > whole:
            rest = np.float32(0)
            for c in range(whole * GROUP, columns):
                rest += np.float32(matrix[at + c]) * x[c]
            total += rest * scales[group + whole]
        y[r] = total


@kernel
def group_sums(groups, x):
    """Sum of each group of x, and zeros to a multiple of `LANES`.

    Empty where weights have no groups.
    """
    if groups is None:
        return x[:0]
    columns = x.shape[0]
    count = (columns + GROUP - 1) // GROUP
    sums = np.zeros((count + LANES - 1) // LANES * LANES, np.float32)
    for g in range(count):
        part = x[g * GROUP : min((g + 1) * GROUP, columns)]
        total = np.float32(0)
        for c in range(part.shape[0]):
            total += part[c]
        sums[g] = total
    return sums


@kernel
def dequantize_groups(matrix, start, groups, first, out):
    """Fill out [rows, columns] with the int8 matrix at `start` as floats."""
    rows, columns = out.shape
    whole, count = columns // GROUP, (columns + GROUP - 1) // GROUP
    scales, biases = groups[0], groups[1]
    for r in range(rows):
        at, group, row = start + r * columns, first + r * count, out[r]
        spread(matrix, at, scales, biases, group, whole, row)
        for c in range(whole * GROUP, columns):
            g = group + whole
            row[c] = np.float32(matrix[at + c]) * scales[g] + biases[g]


@intrinsic
def spread(typing, codes, start, scales, biases, first, whole, out):
    """Fill out with code * scale + bias for so many whole groups of a row."""

    def generate(context, builder, signature, values):
        codes, start, scales, biases, first, whole, out = _data(
            context, builder, signature, values
        )
        with cgutils.for_range(builder, whole) as loop:
            group = builder.add(first, loop.index)
            scale, bias = (
                _everywhere(builder, builder.load(builder.gep(array, [group])))
                for array in (scales, biases)
            )
            begin = builder.mul(loop.index, ir.Constant(start.type, GROUP))
            for offset in range(0, GROUP, LANES):
                column = builder.add(begin, ir.Constant(start.type, offset))
                weight = _weights(builder, codes, builder.add(start, column))
                value = builder.fadd(builder.fmul(weight, scale, FUSE), bias, FUSE)
                place = builder.gep(out, [column])
                place = builder.bitcast(place, FLOATS.as_pointer())
                builder.store(value, place, align=4)
        return context.get_dummy_value()

    n = types.intp
    return types.void(codes, n, scales, biases, n, n, out), generate


@intrinsic
def grouped_dot(typing, codes, start, scales, biases, first, count, x, sums, whole):
    """A row of `count` groups times x; of codes only `whole` groups of them.

    Each lane adds up by itself and all of them once at the end: a sum of the lanes
    in every group, which is what a compiler makes of the plain loops, would take as
    long as the products.
    """

    def generate(context, builder, signature, values):
        codes, start, scales, biases, first, count, x, sums, whole = _data(
            context, builder, signature, values
        )
        zero = ir.Constant(FLOATS, [0.0] * LANES)
        total = cgutils.alloca_once_value(builder, zero)

        def add(one, other):
            product = builder.fmul(one, other, FUSE)
            builder.store(builder.fadd(product, builder.load(total), FUSE), total)

        with cgutils.for_range(builder, whole) as loop:
            begin = builder.mul(loop.index, ir.Constant(start.type, GROUP))
            _prefetch(builder, codes, builder.add(start, begin))
            part = None
            for offset in range(0, GROUP, LANES):
                column = builder.add(begin, ir.Constant(start.type, offset))
                weight = _weights(builder, codes, builder.add(start, column))
                term = builder.fmul(weight, _load(builder, x, column, FLOATS), FUSE)
                part = builder.fadd(term, part, FUSE) if part else term
            place = builder.gep(scales, [builder.add(first, loop.index)])
            add(part, _everywhere(builder, builder.load(place)))
        step = ir.Constant(start.type, LANES)
        more = builder.add(count, ir.Constant(start.type, LANES - 1))
        with cgutils.for_range(builder, builder.udiv(more, step)) as loop:
            begin = builder.mul(loop.index, step)
            bias = _load(builder, biases, builder.add(first, begin), FLOATS)
            add(bias, _load(builder, sums, begin, FLOATS))
        return _sum(builder, builder.load(total))

    n = types.intp
    return types.float32(codes, n, scales, biases, n, n, x, sums, n), generate


WORD, FLOAT = ir.IntType(32), ir.FloatType()
BYTES, WORDS, FLOATS = (
    ir.VectorType(kind, LANES) for kind in (ir.IntType(8), WORD, FLOAT)
)


def _data(context, builder, signature, values):
    """What a function is given, of arrays the place of their first entry."""
    return [
        context.make_array(kind)(context, builder, value).data
        if isinstance(kind, types.Array)
        else value
        for kind, value in zip(signature.args, values, strict=True)
    ]


def _weights(builder, codes, index):
    """`LANES` codes from an index on as floats."""
    raw = _load(builder, codes, index, BYTES)
    return builder.sitofp(builder.sext(raw, WORDS), FLOATS)


def _load(builder, array, index, kind):
    """`LANES` numbers from an index on, wherever that lies."""
    place = builder.bitcast(builder.gep(array, [index]), kind.as_pointer())
    return builder.load(place, align=1)


def _prefetch(builder, array, index):
    """Ask for what lies some way after an index, which memory is slow to give."""
    ahead = builder.add(index, ir.Constant(index.type, AHEAD))
    place = builder.gep(array, [ahead])
    kind = ir.FunctionType(ir.VoidType(), [place.type, WORD, WORD, WORD])
    function = cgutils.get_or_insert_function(
        builder.module, kind, "llvm.prefetch.p0i8"
    )
    builder.call(function, [place, *(ir.Constant(WORD, n) for n in (0, 3, 1))])


def _everywhere(builder, number):
    """A number in each lane."""
    none = ir.Constant(FLOATS, ir.Undefined)
    one = builder.insert_element(none, number, ir.Constant(WORD, 0))
    return builder.shuffle_vector(one, none, ir.Constant(WORDS, [0] * LANES))


def _sum(builder, lanes):
    """The sum of the lanes, in halves."""
    width = LANES
    while width > 1:
        width //= 2
        kind = ir.VectorType(WORD, width)
        lower, upper = (
            builder.shuffle_vector(
                lanes, lanes, ir.Constant(kind, list(range(begin, begin + width)))
            )
            for begin in (0, width)
        )
        lanes = builder.fadd(lower, upper)
    return builder.extract_element(lanes, ir.Constant(WORD, 0))
