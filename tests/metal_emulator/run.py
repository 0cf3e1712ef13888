"""Runs kernels: `run_kernel` as mx.fast.metal_kernel would, `run_function` raw ones."""

from __future__ import annotations

import ctypes
import functools
import math
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import mlx.core as mx
import numpy as np

from .compile import CompiledKernel, build_runtime, compile_kernel
from .cost import BufferTraffic, Report
from .errors import (
    FAULT_ERRORS,
    LaunchError,
    UnsupportedError,
    UnwrittenOutputError,
)
from .source import (
    GeneratedSource,
    Parameter,
    capture_generated_source,
    parse_generated_kernel,
    parse_parameters,
)
from .translate import blank_comments

Triple = tuple[int, int, int]
Scalar = bool | int | float

_MOST_THREADS = 1024  # per threadgroup
_GUARD_BYTES = 1 << 14  # around every buffer, so that near misses hit nothing else
_ALIGNMENT = 256
_POISON = 0xFF  # NaN in every float type
_CONSTANT_BELOW = 8  # MLX passes inputs with fewer elements as `constant`

_NUMPY_TYPES: dict[mx.Dtype, Any] = {
    mx.bool_: np.bool_,
    mx.int8: np.int8,
    mx.uint8: np.uint8,
    mx.int16: np.int16,
    mx.uint16: np.uint16,
    mx.int32: np.int32,
    mx.uint32: np.uint32,
    mx.int64: np.int64,
    mx.uint64: np.uint64,
    mx.float16: np.float16,
    mx.bfloat16: np.uint16,  # numpy has no bfloat16: its bits
    mx.float32: np.float32,
}

_REDUCTION_ORDERS = {"butterfly": 0, "sequential": 1, "halving": 2}


@dataclass(frozen=True)
class Options:
    """How strictly and in which variant the emulator runs a kernel."""

    #: Check the text for rules of Metal that clang does not enforce.
    lint: bool = True
    #: Let SIMD-group functions run with the lanes that are there. Metal defines
    #: most of them so, but a kernel that does it unintentionally is wrong.
    allow_divergent_simd: bool = False
    #: Let SIMD-group functions order memory accesses like a simdgroup_barrier.
    #: Metal does not promise that; some kernels rely on it.
    simd_ops_order_memory: bool = False
    #: Order in which simd_sum and the like combine lanes; Metal leaves it open.
    simd_reduction_order: Literal["butterfly", "sequential", "halving"] = "butterfly"
    #: Moves results of fast:: functions by up to four times so many units in the
    #: last place, at random.
    fast_math_ulps: int = 0
    #: clang's -ffp-contract: "on" fuses within an expression, as Apple's compiler.
    fp_contract: Literal["on", "off", "fast"] = "on"
    #: Flush float32 denormals to zero, as Apple compiles MLX's own kernels.
    flush_denormals: bool = True
    #: Bytes of threadgroup variables per threadgroup; Apple GPUs have 32 KiB.
    threadgroup_memory_limit: int = 32768
    #: Fail if an output element stays unwritten (outputs with init_value may).
    require_written_outputs: bool = True
    #: Seconds a dispatch may take before it counts as an endless loop.
    time_limit: float = 60.0


class _LaunchOptions(ctypes.Structure):  # struct MslOptions
    _fields_ = (
        ("seed", ctypes.c_uint64),
        ("allow_divergent_simd", ctypes.c_int32),
        ("simd_ops_order_memory", ctypes.c_int32),
        ("reduction_order", ctypes.c_int32),
        ("fast_math_ulps", ctypes.c_int32),
        ("flush_denormals", ctypes.c_int32),
        ("padding", ctypes.c_int32),
        ("threadgroup_memory_limit", ctypes.c_uint64),
        ("time_limit_seconds", ctypes.c_double),
    )


class _Counters(ctypes.Structure):  # struct MslCounters
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            "flops",
            "special_functions",
            "threadgroup_barriers",
            "simdgroup_barriers",
            "simd_operations",
            "matrix_multiplies",
            "atomics",
            "threadgroup_memory",
            "threadgroups",
            "threads",
        )
    )


class _BufferCounters(ctypes.Structure):  # struct MslBufferCounters
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            "loaded",
            "stored",
            "unique_loaded",
            "unique_loaded_per_threadgroup",
            "unique_stored",
            "unwritten_elements",
        )
    )


_runtime_lock = threading.Lock()  # the runtime runs one dispatch at a time


@functools.cache
def _runtime() -> ctypes.CDLL:
    # Global, because the kernels' libraries refer to its functions.
    runtime = ctypes.CDLL(str(build_runtime()), mode=ctypes.RTLD_GLOBAL)
    runtime.msl_add_buffer.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32),
        *(ctypes.c_int, ctypes.c_int, ctypes.c_char_p),
    ]
    runtime.msl_add_buffer.restype = None
    runtime.msl_message.restype = ctypes.c_char_p
    runtime.msl_warnings.restype = ctypes.c_char_p
    return runtime


def _numpy_view(array: mx.array) -> np.ndarray:
    """The array's memory, with its strides; bfloat16 as uint16."""
    try:
        mx.eval(array)
    except (RuntimeError, ValueError) as error:
        raise UnsupportedError(
            "the emulator needs the values of its inputs, but this call is traced "
            "(mx.compile, mx.vmap, mx.grad); see mx.disable_compile()"
        ) from error
    if array.dtype not in _NUMPY_TYPES:
        raise UnsupportedError(f"inputs of type {array.dtype} are not supported")
    if array.dtype == mx.bfloat16:
        array = array.view(mx.uint16) if array.ndim else array[None].view(mx.uint16)
    return np.asarray(array)


def _bytes_of(array: mx.array | np.ndarray) -> np.ndarray:
    """Row-contiguous contents, shape [bytes], uint8."""
    values = _numpy_view(array) if isinstance(array, mx.array) else array
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _strided_memory(array: mx.array) -> tuple[np.ndarray, list[int]]:
    """Memory from the first element on (uint8), and strides in elements."""
    view = _numpy_view(array).reshape(array.shape)
    if any(stride < 0 for stride in view.strides):
        raise UnsupportedError("inputs with negative strides are not supported")
    strides = [stride // view.itemsize for stride in view.strides]
    if view.size == 0:
        return np.zeros(0, np.uint8), strides
    last = sum((n - 1) * s for n, s in zip(view.shape, strides, strict=True))
    flat = np.lib.stride_tricks.as_strided(view, (last + 1,), (view.itemsize,))
    return _bytes_of(flat), strides


def _array_from(data: np.ndarray, shape: Sequence[int], dtype: mx.Dtype) -> mx.array:
    array = mx.array(data.view(_NUMPY_TYPES[dtype]).reshape(tuple(shape)))
    if dtype != mx.bfloat16:
        return array
    if array.ndim == 0:
        return array[None].view(mx.bfloat16)[0]
    return array.view(mx.bfloat16)


@dataclass
class _Buffer:
    """A kernel argument; `data` is uint8 and becomes the result for outputs."""

    name: str
    data: np.ndarray
    element_bytes: int
    is_output: bool = False
    initialised: bool = True
    counted: bool = True


def _output_buffer(
    name: str, shape: Sequence[int], dtype: mx.Dtype, init_value: Scalar | None
) -> _Buffer:
    if dtype not in _NUMPY_TYPES:
        raise UnsupportedError(f"outputs of type {dtype} are not supported")
    if init_value is None:
        data = np.full(math.prod(shape) * dtype.size, _POISON, np.uint8)
    else:
        data = _bytes_of(mx.full(tuple(shape), init_value, dtype=dtype)).copy()
    return _Buffer(name, data, dtype.size, True, init_value is not None)


def _check_launch(grid: Sequence[int], threadgroup: Sequence[int]) -> None:
    for name, size in (("grid", grid), ("threadgroup", threadgroup)):
        if len(size) != 3 or min(size) < 1:
            raise LaunchError(f"{name} {tuple(size)} is not three positive numbers")
    threads = math.prod(min(t, g) for t, g in zip(threadgroup, grid, strict=True))
    if threads > _MOST_THREADS:
        raise LaunchError(
            f"threadgroup {tuple(threadgroup)} has {threads} threads, "
            f"at most {_MOST_THREADS} are possible"
        )


def _launch(
    kernel: str,
    compiled: CompiledKernel,
    generated: GeneratedSource,
    buffers: list[_Buffer],
    grid: Sequence[int],
    threadgroup: Sequence[int],
    seed: int,
    options: Options,
) -> Report:
    """Runs a compiled kernel; the contents of output buffers are updated."""
    _check_launch(grid, threadgroup)
    with _runtime_lock:
        return _launch_alone(
            kernel, compiled, generated, buffers, grid, threadgroup, seed, options
        )


def _launch_alone(
    kernel: str,
    compiled: CompiledKernel,
    generated: GeneratedSource,
    buffers: list[_Buffer],
    grid: Sequence[int],
    threadgroup: Sequence[int],
    seed: int,
    options: Options,
) -> Report:
    runtime = _runtime()
    library = ctypes.CDLL(str(compiled.library))

    # All buffers share one allocation, so that an access that misses its buffer
    # by a little still hits memory the process owns.
    offsets, end = [], _ALIGNMENT
    for buffer in buffers:
        offsets.append(end + _GUARD_BYTES)
        size = -(-buffer.data.nbytes // _ALIGNMENT) * _ALIGNMENT
        end += size + 2 * _GUARD_BYTES
    arena = np.empty(end + _ALIGNMENT, np.uint8)
    base = arena.ctypes.data + -arena.ctypes.data % _ALIGNMENT
    addresses = [base + offset for offset in offsets]

    runtime.msl_reset()
    for buffer, address in zip(buffers, addresses, strict=True):
        ctypes.memmove(address, buffer.data.ctypes.data, buffer.data.nbytes)
        runtime.msl_add_buffer(
            address,
            buffer.data.nbytes,
            buffer.element_bytes,
            buffer.is_output,
            buffer.initialised,
            buffer.name.encode(),
        )
    library.msl_register_tables()

    launch_options = _LaunchOptions(
        seed=seed,
        allow_divergent_simd=options.allow_divergent_simd,
        simd_ops_order_memory=options.simd_ops_order_memory,
        reduction_order=_REDUCTION_ORDERS[options.simd_reduction_order],
        fast_math_ulps=options.fast_math_ulps,
        flush_denormals=options.flush_denormals,
        threadgroup_memory_limit=options.threadgroup_memory_limit,
        time_limit_seconds=options.time_limit,
    )
    counters = _Counters()
    start = time.perf_counter()
    fault = runtime.msl_run(
        ctypes.cast(library.msl_entry, ctypes.c_void_p),
        (ctypes.c_void_p * len(buffers))(*addresses),
        (ctypes.c_uint32 * 3)(*grid),
        (ctypes.c_uint32 * 3)(*threadgroup),
        ctypes.byref(launch_options),
        ctypes.byref(counters),
    )
    seconds = time.perf_counter() - start
    if fault:
        message = runtime.msl_message().decode(errors="replace")
        raise FAULT_ERRORS[fault](f"{kernel}: {generated.resolve_lines(message)}")

    traffic = {}
    for index, (buffer, address) in enumerate(zip(buffers, addresses, strict=True)):
        counts = _BufferCounters()
        runtime.msl_buffer_counters(index, ctypes.byref(counts))
        if buffer.is_output:
            missing = 0 if buffer.initialised else counts.unwritten_elements
            if missing and options.require_written_outputs:
                total = buffer.data.nbytes // buffer.element_bytes
                raise UnwrittenOutputError(
                    f"{kernel}: {missing} of {total} elements of the output "
                    f"{buffer.name!r} were never written"
                )
            ctypes.memmove(buffer.data.ctypes.data, address, buffer.data.nbytes)
        if buffer.counted:
            traffic[buffer.name] = BufferTraffic(
                size=buffer.data.nbytes,
                bytes_loaded=counts.loaded,
                bytes_stored=counts.stored,
                unique_bytes_loaded=counts.unique_loaded,
                unique_bytes_stored=counts.unique_stored,
                unique_bytes_loaded_per_threadgroup=(
                    counts.unique_loaded_per_threadgroup
                ),
            )
    warnings = []
    for line in runtime.msl_warnings().decode(errors="replace").splitlines():
        count, _, text = line.partition(" ")
        warnings.append(f"{generated.resolve_lines(text)} ({count} times)")
    return Report(
        kernel=kernel,
        **{field[0]: getattr(counters, field[0]) for field in _Counters._fields_},
        private_array_bytes=compiled.private_array_bytes,
        buffers=MappingProxyType(traffic),
        warnings=tuple(warnings),
        generated_source=generated.text,
        compile_seconds=compiled.compile_seconds,
        run_seconds=seconds,
    )


def _entry(call: str, arguments: Sequence[str], before: str = "") -> str:
    return (
        'extern "C" void msl_entry(void** buffers, const __msl_ctx* context) { '
        f"{before}{call}({', '.join(arguments)}); }}\n"
    )


def _buffer_argument(parameter: Parameter, index: int) -> str:
    dereference = "*" if parameter.indirection == "&" else ""
    return f"{dereference}({parameter.type}*)(ulong)buffers[{index}]"


@dataclass(frozen=True)
class KernelDefinition:
    """The arguments of mx.fast.metal_kernel."""

    name: str
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    source: str
    header: str = ""
    ensure_row_contiguous: bool = True
    atomic_outputs: bool = False
    compile_options: Mapping[str, Any] | None = None


@functools.lru_cache(maxsize=256)
def _generate(
    key: str,  # 1, 1.0 and True are the same to a cache, but not to MLX
    definition: tuple[Any, ...],
    compile_options: tuple[tuple[str, Any], ...] | None,
    inputs: tuple[Any, ...],
    call: tuple[tuple[str, Any], ...],
) -> GeneratedSource:
    # Of an input only its shape and type enter the generated source.
    arguments = [
        mx.zeros(value[0], dtype=value[1]) if isinstance(value, tuple) else value
        for value in inputs
    ]
    return capture_generated_source(
        **KernelDefinition(*definition).__dict__
        | {"compile_options": dict(compile_options) if compile_options else None},
        inputs=arguments,
        call=dict(call),
    )


def dispatch(
    kernel: KernelDefinition,
    *,
    inputs: Sequence[mx.array | Scalar],
    template: Sequence[tuple[str, mx.Dtype | Scalar]] | None,
    grid: Sequence[int],
    threadgroup: Sequence[int],
    output_shapes: Sequence[Sequence[int]],
    output_dtypes: Sequence[mx.Dtype],
    init_value: Scalar | None,
    seed: int,
    options: Options,
) -> tuple[list[mx.array], Report]:
    """Generates, compiles and runs; see `run_kernel`."""
    fields = replace(kernel, compile_options=None).__dict__
    shapes = tuple((a.shape, a.dtype) if isinstance(a, mx.array) else a for a in inputs)
    call = (
        ("template", tuple(tuple(t) for t in template or ())),
        ("grid", tuple(grid)),
        ("threadgroup", tuple(threadgroup)),
        ("output_shapes", tuple(tuple(s) for s in output_shapes)),
        ("output_dtypes", tuple(output_dtypes)),
        ("init_value", init_value),
    )
    generated = _generate(
        repr((shapes, call)),
        tuple(fields.values()),
        tuple(kernel.compile_options.items()) if kernel.compile_options else None,
        shapes,
        call,
    )
    function = parse_generated_kernel(generated.text)

    available: dict[str, _Buffer] = {}
    small, copied = [], 0
    for name, value in zip(kernel.input_names, inputs, strict=True):
        array = value if isinstance(value, mx.array) else mx.array(value)
        if array.size < _CONSTANT_BELOW:
            small.append(name)
        if kernel.ensure_row_contiguous:
            copied += 0 if _numpy_view(array).flags.c_contiguous else array.nbytes
            data = _bytes_of(array)
            strides = [math.prod(array.shape[d + 1 :]) for d in range(array.ndim)]
        else:
            data, strides = _strided_memory(array)
        available[name] = _Buffer(name, data, array.dtype.size)
        for suffix, values, type_ in (
            ("shape", array.shape, np.int32),
            ("strides", strides, np.int64),
            ("ndim", [array.ndim], np.int32),
        ):
            extra = np.array(values, type_)
            available[f"{name}_{suffix}"] = _Buffer(
                f"{name}_{suffix}", _bytes_of(extra), extra.itemsize, counted=False
            )
    for name, shape, dtype in zip(
        kernel.output_names, output_shapes, output_dtypes, strict=True
    ):
        available[name] = _output_buffer(name, shape, dtype, init_value)

    buffers: list[_Buffer] = []
    arguments = []
    for parameter in function.parameters:
        if parameter.attribute is None:
            arguments.append(_buffer_argument(parameter, len(buffers)))
            buffers.append(available[parameter.name])
        else:
            arguments.append(f"context->{parameter.attribute}")
    hint = ""
    if small:
        hint = (
            f"\nhint: MLX passes inputs with fewer than {_CONSTANT_BELOW} elements in "
            f"the constant address space, not device: {', '.join(small)}"
        )
    compiled = compile_kernel(
        generated,
        _entry(function.name + function.template_arguments, arguments),
        check_lint=options.lint,
        fp_contract=options.fp_contract,
        hint=hint,
    )
    report = _launch(
        kernel.name, compiled, generated, buffers, grid, threadgroup, seed, options
    )
    outputs = [
        _array_from(available[name].data, shape, dtype)
        for name, shape, dtype in zip(
            kernel.output_names, output_shapes, output_dtypes, strict=True
        )
    ]
    return outputs, replace(report, copied_bytes=copied)


def run_kernel(
    *,
    source: str,
    input_names: Sequence[str],
    output_names: Sequence[str],
    inputs: Sequence[mx.array | Scalar],
    grid: Triple,
    threadgroup: Triple,
    output_shapes: Sequence[Sequence[int]],
    output_dtypes: Sequence[mx.Dtype],
    name: str = "kernel",
    header: str = "",
    template: Sequence[tuple[str, mx.Dtype | Scalar]] | None = None,
    init_value: Scalar | None = None,
    ensure_row_contiguous: bool = True,
    atomic_outputs: bool = False,
    compile_options: Mapping[str, Any] | None = None,
    seed: int = 0,
    options: Options | None = None,
) -> tuple[list[mx.array], Report]:
    """Runs a kernel as ``mx.fast.metal_kernel(...)(...)`` would, checked, on the CPU.

    The arguments are those of mx.fast.metal_kernel and of the kernel it returns;
    `grid` and `threadgroup` are in threads. `seed` selects the order in which
    threads and threadgroups run. Races are found with any seed, unless they are on
    a path that only some orders take.

    Returns the outputs and a `Report`. Raises a subclass of `EmulatorError` if the
    kernel is wrong, and MLX's own exceptions for arguments that MLX rejects.
    """
    kernel = KernelDefinition(
        name=name,
        input_names=tuple(input_names),
        output_names=tuple(output_names),
        source=source,
        header=header,
        ensure_row_contiguous=ensure_row_contiguous,
        atomic_outputs=atomic_outputs,
        compile_options=compile_options,
    )
    return dispatch(
        kernel,
        inputs=inputs,
        template=template,
        grid=grid,
        threadgroup=threadgroup,
        output_shapes=output_shapes,
        output_dtypes=output_dtypes,
        init_value=init_value,
        seed=seed,
        options=options or Options(),
    )


_SCALAR_TYPES: dict[str, Any] = {
    "bool": np.bool_,
    "int": np.int32,
    "int32_t": np.int32,
    "uint": np.uint32,
    "uint32_t": np.uint32,
    "int64_t": np.int64,
    "long": np.int64,
    "uint64_t": np.uint64,
    "size_t": np.uint64,
    "float": np.float32,
}

#: Attributes that have three components.
_POSITIONS = {
    "thread_position_in_grid",
    "thread_position_in_threadgroup",
    "threadgroup_position_in_grid",
    "threadgroups_per_grid",
    "threads_per_grid",
    "threads_per_threadgroup",
    "dispatch_threads_per_threadgroup",
    "grid_origin",
    "grid_size",
}
_COMPONENTS = {"uint": ".x", "ushort": ".x", "uint2": ".xy", "uint3": ""}


def run_function(
    text: str,
    function: str,
    *,
    arguments: Mapping[str, mx.array | Scalar],
    outputs: Mapping[str, tuple[Sequence[int], mx.Dtype]],
    grid: Triple,
    threadgroup: Triple,
    template_arguments: Sequence[str | Scalar] = (),
    function_constants: Mapping[str, Scalar] | None = None,
    seed: int = 0,
    options: Options | None = None,
) -> tuple[dict[str, mx.array], Report]:
    """Runs a ``[[kernel]]`` function of a Metal source file.

    `text` is the file's contents; it may include headers of the MLX wheel.
    `arguments` gives every input by parameter name, `outputs` the (shape, dtype)
    of every parameter the kernel writes, `template_arguments` are C++ types or
    numbers, `function_constants` values of ``[[function_constant(n)]]`` variables
    (false or 0 where missing).

    The text is not linted unless `options` says so: the rules are made for kernel
    bodies.
    """
    options = options or Options(lint=False)
    constants = {n: _cpp_literal(v) for n, v in (function_constants or {}).items()}

    def define_constant(match: re.Match[str]) -> str:
        value = constants.get(match[2], "0")
        return f"constant const {match[1]} {match[2]} = ({match[1]}){value};"

    text = re.sub(
        r"\bconstant\s+(\w+)\s+(\w+)\s*\[\[\s*function_constant\([^)]*\)\s*\]\]\s*;",
        define_constant,
        text,
    )
    generated = GeneratedSource(text, text)
    signature = re.search(
        rf"\[\[kernel[^\]]*\]\]\s*void\s+{function}\s*\((.*?)\)\s*\{{", text, re.DOTALL
    )
    if signature is None:
        raise ValueError(f"no kernel function {function!r} in the text")

    buffers: list[_Buffer] = []
    values = []
    for parameter in parse_parameters(blank_comments(signature[1])):
        name = parameter.name
        if parameter.attribute is not None:
            components = ""
            if parameter.attribute in _POSITIONS:
                components = _COMPONENTS[parameter.type]
            values.append(f"context->{parameter.attribute}{components}")
            continue
        values.append(_buffer_argument(parameter, len(buffers)))
        if name in outputs:
            shape, dtype = outputs[name]
            buffers.append(_output_buffer(name, shape, dtype, None))
        elif isinstance(value := arguments[name], mx.array):
            buffers.append(_Buffer(name, _bytes_of(value), value.dtype.size))
        else:
            type_ = re.sub(r"\b(?:const|constant|device)\b", "", parameter.type).strip()
            scalar = np.array([value], _SCALAR_TYPES[type_])
            buffers.append(
                _Buffer(name, _bytes_of(scalar), scalar.itemsize, counted=False)
            )

    # Default template arguments may follow the given ones; names of the template
    # parameters can occur in the types of the function's parameters.
    aliases = ""
    template = re.search(
        rf"template\s*<([^{{}}]*?)>\s*\[\[kernel[^\]]*\]\]\s*void\s+{function}\s*\(",
        text,
        re.DOTALL,
    )
    given = [a if isinstance(a, str) else _cpp_literal(a) for a in template_arguments]
    if template:
        declared = re.findall(r"([\w ]+?)\s+(\w+)\s*(?:=[^,]*)?(?:,|$)", template[1])
        for (kind, name), spelling in zip(declared, given, strict=False):
            if kind.strip() in ("typename", "class"):
                aliases += f"typedef {spelling} {name}; "
            else:
                aliases += f"constexpr {kind} {name} = {spelling}; "
    call = function + (f"<{', '.join(given)}>" if template else "")
    compiled = compile_kernel(
        generated,
        _entry(call, values, aliases),
        check_lint=options.lint,
        fp_contract=options.fp_contract,
    )
    report = _launch(
        function, compiled, generated, buffers, grid, threadgroup, seed, options
    )
    results = {
        b.name: _array_from(b.data, *outputs[b.name]) for b in buffers if b.is_output
    }
    return results, report


def _cpp_literal(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
