"""float16 to float32, by the processor's instruction and without it."""

import ctypes
from typing import Any

import numpy as np
import pytest
from llvmlite import binding, ir
from numpy.typing import NDArray

from backends.genesis_cpu.ops.half import INSTRUCTIONS, PROBE, single
from backends.genesis_cpu.ops.integer_dot import FLOAT, I16, I64, assembly

binding.initialize_native_target()
binding.initialize_native_asmprinter()
LANES = 8


def machine() -> Any:
    """This processor; an engine takes it over."""
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        jit=True,
    )


def all_of_them(lanes: int, instruction: bool) -> NDArray[np.float32]:
    """Every number of float16 in float32, so many at a time."""
    module = ir.Module()
    kinds = [ir.VectorType(kind, lanes) if lanes > 1 else kind for kind in (I16, FLOAT)]
    halves, singles = (kind.as_pointer() for kind in kinds)
    kind = ir.FunctionType(ir.VoidType(), [halves, singles, I64])
    function = ir.Function(module, kind, "convert")
    builder = ir.IRBuilder(function.append_basic_block())
    source, target, index = function.args
    found = builder.load(builder.gep(source, [index]), align=2)
    place = builder.gep(target, [index])
    builder.store(single(builder, found, instruction), place, align=4)
    builder.ret_void()
    parsed = binding.parse_assembly(str(module))
    engine = binding.create_mcjit_compiler(parsed, machine())
    engine.finalize_object()
    pointer = ctypes.c_void_p
    convert = ctypes.CFUNCTYPE(None, pointer, pointer, ctypes.c_int64)(
        engine.get_function_address("convert")
    )
    every = np.arange(1 << 16, dtype=np.uint16)
    result = np.empty(1 << 16, np.float32)
    for index in range((1 << 16) // lanes):
        convert(every.ctypes.data, result.ctypes.data, index)
    return result


@pytest.mark.parametrize("lanes", [1, LANES])
@pytest.mark.parametrize("instruction", [False, True])
def test_every_number(lanes: int, instruction: bool) -> None:
    if instruction and not any(n in assembly(machine(), PROBE) for n in INSTRUCTIONS):
        pytest.skip("this processor has no instruction for float16")
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    found = all_of_them(lanes, instruction)
    np.testing.assert_array_equal(found, every.astype(np.float32))
