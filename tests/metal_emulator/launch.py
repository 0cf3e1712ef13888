"""One launch of a compiled kernel in the runtime."""

from __future__ import annotations

import ctypes
import functools
import math
import threading
import time
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from .buffers import Buffer
from .compile import CompiledKernel, build_runtime
from .cost import BufferTraffic, Report
from .errors import (
    FAULT_ERRORS,
    LaunchError,
    UnwrittenOutputError,
)
from .options import REDUCTION_ORDERS, Options
from .source import (
    GeneratedSource,
)

_MOST_THREADS = 1024  # per threadgroup

_GUARD_BYTES = 1 << 14  # around every buffer, so that near misses hit nothing else

_ALIGNMENT = 256


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


def check_launch(grid: Sequence[int], threadgroup: Sequence[int]) -> None:
    for name, size in (("grid", grid), ("threadgroup", threadgroup)):
        if len(size) != 3 or min(size) < 1:
            raise LaunchError(f"{name} {tuple(size)} is not three positive numbers")
    threads = math.prod(min(t, g) for t, g in zip(threadgroup, grid, strict=True))
    if threads > _MOST_THREADS:
        raise LaunchError(
            f"threadgroup {tuple(threadgroup)} has {threads} threads, "
            f"at most {_MOST_THREADS} are possible"
        )


def launch(
    kernel: str,
    compiled: CompiledKernel,
    generated: GeneratedSource,
    buffers: list[Buffer],
    grid: Sequence[int],
    threadgroup: Sequence[int],
    seed: int,
    options: Options,
) -> Report:
    """Runs a compiled kernel; the contents of output buffers are updated."""
    check_launch(grid, threadgroup)
    with _runtime_lock:
        return launch_alone(
            kernel, compiled, generated, buffers, grid, threadgroup, seed, options
        )


def launch_alone(
    kernel: str,
    compiled: CompiledKernel,
    generated: GeneratedSource,
    buffers: list[Buffer],
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
        reduction_order=REDUCTION_ORDERS[options.simd_reduction_order],
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
