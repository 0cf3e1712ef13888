"""Runs kernels: `run_kernel` as mx.fast.metal_kernel would, `run_function` raw ones."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mlx.core as mx
import numpy as np

from .buffers import (
    Buffer,
    array_from,
    bytes_of,
    numpy_view,
    output_buffer,
    strided_memory,
)
from .compile import compile_kernel
from .cost import Report
from .launch import launch
from .options import Options, Scalar, Triple
from .source import (
    GeneratedSource,
    Parameter,
    capture_generated_source,
    parse_generated_kernel,
    parse_parameters,
)
from .translate import blank_comments

_CONSTANT_BELOW = 8  # MLX passes inputs with fewer elements as `constant`


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

    available: dict[str, Buffer] = {}
    small, copied = [], 0
    for name, value in zip(kernel.input_names, inputs, strict=True):
        array = value if isinstance(value, mx.array) else mx.array(value)
        if array.size < _CONSTANT_BELOW:
            small.append(name)
        if kernel.ensure_row_contiguous:
            copied += 0 if numpy_view(array).flags.c_contiguous else array.nbytes
            data = bytes_of(array)
            strides = [math.prod(array.shape[d + 1 :]) for d in range(array.ndim)]
        else:
            data, strides = strided_memory(array)
        available[name] = Buffer(name, data, array.dtype.size)
        for suffix, values, type_ in (
            ("shape", array.shape, np.int32),
            ("strides", strides, np.int64),
            ("ndim", [array.ndim], np.int32),
        ):
            extra = np.array(values, type_)
            available[f"{name}_{suffix}"] = Buffer(
                f"{name}_{suffix}", bytes_of(extra), extra.itemsize, counted=False
            )
    for name, shape, dtype in zip(
        kernel.output_names, output_shapes, output_dtypes, strict=True
    ):
        available[name] = output_buffer(name, shape, dtype, init_value)

    buffers: list[Buffer] = []
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
    report = launch(
        kernel.name, compiled, generated, buffers, grid, threadgroup, seed, options
    )
    outputs = [
        array_from(available[name].data, shape, dtype)
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

    buffers: list[Buffer] = []
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
            buffers.append(output_buffer(name, shape, dtype, None))
        elif isinstance(value := arguments[name], mx.array):
            buffers.append(Buffer(name, bytes_of(value), value.dtype.size))
        else:
            type_ = re.sub(r"\b(?:const|constant|device)\b", "", parameter.type).strip()
            scalar = np.array([value], _SCALAR_TYPES[type_])
            buffers.append(
                Buffer(name, bytes_of(scalar), scalar.itemsize, counted=False)
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
    report = launch(
        function, compiled, generated, buffers, grid, threadgroup, seed, options
    )
    results = {
        b.name: array_from(b.data, *outputs[b.name]) for b in buffers if b.is_output
    }
    return results, report


def _cpp_literal(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
