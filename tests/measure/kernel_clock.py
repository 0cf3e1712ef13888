"""A clock around kernels and functions: what is called when, in processor cycles."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from backends.genesis_cpu.intrinsics import Deferred
from backends.genesis_cpu.products import PER_BLOCK

# The index after what is noted; then part, beginning and end of each call, in cycles.
NOTES = np.ones(1 << 14, np.int64)


def _cycles(typing: Any) -> Any:
    """The processor's counter."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [])
        name = "llvm.readcyclecounter"
        return builder.call(builder.module.declare_intrinsic(name, (), kind), [])

    return types.int64(), generate


def _note(typing: Any, part: Any, began: Any, ended: Any) -> Any:
    """Append to NOTES, where it lies."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        wide = ir.IntType(64)
        start = ir.Constant(wide, NOTES.ctypes.data).inttoptr(wide.as_pointer())
        index = builder.load(start)
        for number, value in enumerate(values):
            place = builder.add(index, wide(number))
            builder.store(value, builder.gep(start, [place]))
        builder.store(builder.add(index, wide(len(values))), start)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


def _now() -> Any:
    """The counter, for Python."""
    return cycles()


cycles: Any = intrinsic(_cycles)
note: Any = intrinsic(_note)
now: Any = numba.njit(_now)


class Timed(Deferred):
    """A kernel with the clock around it; `part` -1 is told by a product's number."""

    def __init__(self, kernel: Any, part: int) -> None:
        self._kernel, self._part = kernel, part

    def make(self) -> Any:
        kernel, part = self._kernel.numba, self._part

        def clocked(*arguments: Any) -> Any:
            began = cycles()
            result = kernel(*arguments)
            ended = cycles()
            note(arguments[2] % PER_BLOCK if part < 0 else part, began, ended)
            return result

        return numba.njit(nogil=True)(clocked)


def timed(function: Callable[..., Any], part: int) -> Callable[..., Any]:
    """A function that Python calls, with the clock around it."""

    def call(*arguments: Any) -> Any:
        began = now()
        result = function(*arguments)
        end = int(NOTES[0])
        NOTES[end : end + 3] = part, began, now()
        NOTES[0] = end + 3
        return result

    return call
