"""What Numba lacks to let two threads look at the same array."""

import os
from typing import Any

from llvmlite import ir

from .intrinsics import Later, intrinsic

cgutils = Later("numba.core.cgutils")
types = Later("numba.core.types")


WORD_BYTES = 8
# Hands the processor to whoever else wants it; Windows has another name for that.
YIELD = "sched_yield" if os.name == "posix" else "SwitchToThread"
PAUSES = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.hint", (1,))}


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    view = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(
        context, builder, array_type, view, [index], wraparound=False
    )


@intrinsic
def load_acquire(typing: Any, array: Any, index: Any) -> Any:
    """array[index] of int64; nothing that follows is read before it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _place(context, builder, signature.args[0], *values)
        return builder.load_atomic(place, "acquire", WORD_BYTES)

    return types.int64(array, types.intp), generate


@intrinsic
def store_release(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index] = value of int64, after all that was written before it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _place(context, builder, signature.args[0], *values[:2])
        builder.store_atomic(values[2], place, "release", WORD_BYTES)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def pause(typing: Any) -> Any:
    """Tell the processor that this thread is waiting, where it has a word for that."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        machine = builder.module.triple.partition("-")[0].replace("arm64", "aarch64")
        if machine in PAUSES:
            name, numbers = PAUSES[machine]
            word = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [word] * len(numbers))
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            builder.call(function, [ir.Constant(word, n) for n in numbers])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def yield_processor(typing: Any) -> Any:
    """Let another thread or program have the processor, if one wants it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        function = cgutils.get_or_insert_function(builder.module, kind, YIELD)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate
