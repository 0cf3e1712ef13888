"""Products of matrices in codes with vectors: one, or many at once."""

import numpy as np

from ..compiling import exact_kernel
from ..groups import BLOCK, GROUP, LEVELS
from ..intrinsics import Later, intrinsic
from .arithmetic import INTEGER_BITS, ONE, TO_INTEGER
from .integer_dot import I8, I64, form_for
from .weight_tile import Rows, Vector, multiply_tile

types = Later("numba.core.types")

# The most vectors that a tile has.
MOST = 8
# Of a smaller number the inverse is not finite.
LEAST = np.float32(1e-35)


@exact_kernel
def quantize_vector(x, codes, sums):
    """A vector as int16 codes with one scale: x = scale * codes, to 15 bits.

    Args:
        x: [columns].
        codes: filled [groups * GROUP], with zeros at the end.
        sums: filled [groups + 1] with the sum of each group's codes, then the scale,
            which is not finite if x is not.
    """
    columns, groups = x.shape[0], sums.shape[0] - 1
    # Without their sign the bits of floats are in their order, NaN at the end.
    signed, highest = x.view(np.int32), np.int32(0)
    for c in range(columns):
        highest = max(highest, np.int32(signed[c] & 0x7FFFFFFF))
    scale = np.int32(highest).view(np.float32) / np.float32(LEVELS)
    inverse = ONE / scale if scale > LEAST else np.float32(0)
    for c in range(columns):
        shifted = np.float32(x[c] * inverse + TO_INTEGER)
        codes[c] = np.int16(shifted.view(np.int32) - INTEGER_BITS)
    for c in range(columns, groups * GROUP):
        codes[c] = 0
    for g in range(groups):
        total = np.int32(0)
        for c in range(g * GROUP, (g + 1) * GROUP):
            total += np.int32(codes[c])
        sums[g] = np.float32(total)
    sums[groups] = scale


@exact_kernel
def multiply_rows(matrices, start, factors, first, begin, end, codes, sums, y):
    """Some rows of y = W x, for one vector.

    Args:
        matrices: codes of all matrices, as `groups` lays them out.
        start: the matrix's first byte.
        factors: scales and biases of all matrices [2, n].
        first: the matrix's first factor.
        begin: first of the rows, a multiple of BLOCK.
        end: after the last of them.
        codes: of the vector, by `quantize_vector`.
        sums: of the vector.
        y: [rows]; filled from `begin` to `end`.
    """
    groups = sums.shape[0] - 1
    scale, out = sums[groups], np.empty(BLOCK, np.float32)
    size = groups * GROUP * BLOCK * bits_of(matrices) // 8
    for row in range(begin, end, BLOCK):
        block = row // BLOCK
        tile = start + block * size, first + block * groups * BLOCK, groups
        multiply_one(matrices, factors, tile, codes, sums, out)
        for r in range(min(BLOCK, end - row)):
            y[row + r] = out[r] * scale


@exact_kernel
def multiply_many(matrices, start, factors, first, x, y):
    """y = x W^T for many vectors, each with the very results of `multiply_rows`.

    Args:
        matrices: codes of all matrices, as `groups` lays them out.
        start: the matrix's first byte.
        factors: scales and biases of all matrices [2, n].
        first: the matrix's first factor.
        x: [L, columns].
        y: filled [L, rows].
    """
    length, rows = y.shape
    groups = (x.shape[1] + GROUP - 1) // GROUP
    # A tile is always full.
    codes = np.zeros((max(length, MOST), groups * GROUP), np.int16)
    sums = np.zeros((max(length, MOST), groups + 1), np.float32)
    for t in range(length):
        quantize_vector(x[t], codes[t], sums[t])
    vectors = vectors_of_tile()
    out = np.empty((vectors, BLOCK), np.float32)
    size = groups * GROUP * BLOCK * bits_of(matrices) // 8
    for row in range(0, rows, BLOCK):
        block = row // BLOCK
        tile = start + block * size, first + block * groups * BLOCK, groups
        for begin in range(0, length, vectors):
            # The last tile may do some of the one before once more.
            t = min(begin, max(length - vectors, 0))
            multiply_some(matrices, factors, tile, codes[t:], sums[t:], out)
            for v in range(min(vectors, length)):
                scale = sums[t + v, groups]
                for r in range(min(BLOCK, rows - row)):
                    y[t + v, row + r] = out[v, r] * scale


@intrinsic
def bits_of(typing, matrices):
    """Bits of a code: bytes without a sign hold two."""
    bits = 4 if matrices.dtype == types.uint8 else 8
    return types.intp(matrices), lambda *_: I64(bits)


@intrinsic
def vectors_of_tile(typing):
    """Vectors that `multiply_some` takes on this processor."""
    return types.intp(), lambda context, *_: I64(form_for(context.codegen()).vectors)


@intrinsic
def multiply_one(typing, matrices, factors, tile, codes, sums, out):
    """16 rows times a vector.

    Args:
        matrices: codes of all matrices.
        factors: of all matrices.
        tile: first byte, first factor, groups.
        codes: of the vector, by `quantize_vector`.
        sums: of the vector.
        out: filled [16], without the vector's scale.
    """
    kinds = matrices, factors, tile, codes, sums, out
    return types.void(*kinds), _generate(single=True)


@intrinsic
def multiply_some(typing, matrices, factors, tile, codes, sums, out):
    """The same with as many vectors as a tile has, one after the other."""
    kinds = matrices, factors, tile, codes, sums, out
    return types.void(*kinds), _generate(single=False)


def _generate(single):
    def generate(context, builder, signature, values):
        def data(number):
            kind = signature.args[number]
            return context.make_array(kind)(context, builder, values[number])

        form = form_for(context.codegen())
        matrices, factors, codes, sums, out = (data(n) for n in (0, 1, 3, 4, 5))
        start, first, groups = (builder.extract_value(values[2], n) for n in range(3))
        rows = Rows(
            builder.bitcast(builder.gep(matrices.data, [start]), I8.as_pointer()),
            builder.gep(factors.data, [first]),
            builder.gep(
                factors.data,
                [builder.add(first, builder.extract_value(factors.shape, 1))],
            ),
            groups,
            4 if signature.args[0].dtype == types.uint8 else 8,
        )
        wide = builder.mul(groups, I64(GROUP))
        long = builder.add(groups, I64(1))
        vectors = [
            Vector(
                builder.gep(codes.data, [builder.mul(wide, I64(v))]),
                builder.gep(sums.data, [builder.mul(long, I64(v))]),
                builder.gep(out.data, [I64(v * BLOCK)]),
            )
            for v in range(1 if single else form.vectors)
        ]
        multiply_tile(builder, form, rows, vectors)
        return context.get_dummy_value()

    return generate
