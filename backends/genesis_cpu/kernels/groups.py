"""Products with int8 weights that have a scale and a bias for each group of a row."""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from ..compiling import kernel
from ..groups import GROUP

# Numbers that are added up side by side; a processor with narrower or wider vectors
# takes several or half of one.
LANES = 16
FAST = ("contract", "reassoc", "nsz")


@kernel
def grouped_product(matrix, start, rows, columns, groups, first, x, sums, y):
    """y = W x for an int8 matrix [rows, columns] that begins at `start`.

    Args:
        matrix: all weights' codes in a row; a weight is code * scale + bias.
        start: index of the matrix's first entry.
        rows: length of y.
        columns: length of x.
        groups: scales and biases of the groups of all rows of all matrices [2, n].
        first: index of the matrix's first group.
        x: vector [columns].
        sums: of the groups of x, by `group_sums`.
        y: filled [rows].
    """
    scales, biases = groups[0], groups[1]
    whole, count = columns // GROUP, sums.shape[0]
    for r in range(rows):
        at, group = start + r * columns, first + r * count
        total = grouped_dot(matrix, at, scales, group, x, whole)
        if count > whole:
            rest = np.float32(0)
            for c in range(whole * GROUP, columns):
                rest += np.float32(matrix[at + c]) * x[c]
            total += rest * scales[group + whole]
        bias = biases[group : group + count]
        for g in range(count):
            total += bias[g] * sums[g]
        y[r] = total


@kernel
def group_sums(groups, x):
    """Sum of each group of x; None where weights have no groups."""
    if groups is None:
        return None
    columns = x.shape[0]
    sums = np.empty((columns + GROUP - 1) // GROUP, np.float32)
    for g in range(sums.shape[0]):
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
    count = (columns + GROUP - 1) // GROUP
    scales, biases = groups[0], groups[1]
    for r in range(rows):
        for g in range(count):
            begin = g * GROUP
            end = min(begin + GROUP, columns)
            w = matrix[start + r * columns + begin : start + r * columns + end]
            scale, bias = scales[first + r * count + g], biases[first + r * count + g]
            row = out[r, begin:end]
            for c in range(end - begin):
                row[c] = np.float32(w[c]) * scale + bias


@intrinsic
def grouped_dot(typing, codes, start, scales, first, x, count):
    """Sum over `count` whole groups of scale * (codes . x), in float32.

    Each lane adds up by itself and all of them once at the end: a sum of the lanes
    in every group, which is what a compiler makes of the plain loops, would take as
    long as the products.
    """

    def generate(context, builder, signature, values):
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, values, strict=True)
            if isinstance(kind, types.Array)
        ]
        _, start, _, first, _, count = values
        byte, single, word = ir.IntType(8), ir.FloatType(), ir.IntType(32)
        lanes = ir.VectorType(single, LANES)
        total = cgutils.alloca_once_value(builder, ir.Constant(lanes, [0.0] * LANES))
        places = [arrays[0].data, arrays[1].data, arrays[2].data]
        codes, scales, x = places

        def vector(pointer, offset, element):
            place = builder.gep(pointer, [offset])
            kind = ir.VectorType(element, LANES)
            return builder.load(builder.bitcast(place, kind.as_pointer()), align=1)

        with cgutils.for_range(builder, count) as loop:
            begin = builder.mul(loop.index, ir.Constant(loop.index.type, GROUP))
            part = None
            for offset in range(0, GROUP, LANES):
                at = builder.add(begin, ir.Constant(begin.type, offset))
                raw = vector(codes, builder.add(start, at), byte)
                wide = builder.sext(raw, ir.VectorType(word, LANES))
                weight = builder.sitofp(wide, lanes)
                term = builder.fmul(weight, vector(x, at, single), FAST)
                part = term if part is None else builder.fadd(part, term, FAST)
            place = builder.gep(scales, [builder.add(first, loop.index)])
            one = builder.insert_element(
                ir.Constant(lanes, ir.Undefined),
                builder.load(place),
                ir.Constant(word, 0),
            )
            zeros = ir.Constant(ir.VectorType(word, LANES), [0] * LANES)
            scale = builder.shuffle_vector(one, ir.Constant(lanes, ir.Undefined), zeros)
            scaled = builder.fmul(part, scale, FAST)
            builder.store(builder.fadd(builder.load(total), scaled, FAST), total)
        sums = builder.load(total)
        result = builder.extract_element(sums, ir.Constant(word, 0))
        for lane in range(1, LANES):
            other = builder.extract_element(sums, ir.Constant(word, lane))
            result = builder.fadd(result, other, FAST)
        return result

    index = types.intp
    return types.float32(codes, index, scales, index, x, index), generate
