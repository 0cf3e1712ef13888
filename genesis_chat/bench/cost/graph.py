"""The graph MLX would submit, as it would be built on Metal."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import mlx.core as mx

Shape = tuple[int, ...]


class Operand(NamedTuple):
    """An array of the graph."""

    name: str
    shape: Shape
    dtype: mx.Dtype

    @property
    def nbytes(self) -> int:
        """Bytes of its elements."""
        count = self.dtype.size
        for size in self.shape:
            count *= size
        return count


class Primitive(NamedTuple):
    """A node: what it is called, its arguments, what it reads and writes."""

    name: str
    arguments: list[Any]
    inputs: list[Operand]
    outputs: list[Operand]


class Graph(NamedTuple):
    """Nodes in the order they were built, the arrays given and those returned."""

    primitives: list[Primitive]
    inputs: list[Operand]
    outputs: list[Operand]


def trace(function: Callable[..., Any], arrays: Sequence[mx.array]) -> Graph:
    """The graph of `function`, which takes `arrays` and returns arrays.

    Nothing is computed. While it runs, the default device seems to be Apple's GPU
    and MLX's fused operations, which its CPU takes apart, are one node each.
    """
    found = Graph([], [], [])

    def collect(record: dict[str, Any]) -> None:
        kind = record["type"]
        if kind == "primitive":
            found.primitives.append(
                Primitive(
                    record["name"],
                    list(record["arguments"]),
                    [Operand(*each) for each in record["inputs"]],
                    [Operand(*each) for each in record["outputs"]],
                )
            )
        elif kind in ("inputs", "outputs"):
            getattr(found, kind).extend(Operand(*each) for each in record[kind])

    with as_on_metal():
        mx.export_function(collect, function, *arrays)
    return found


def one_node(
    name: str, inputs: Sequence[Any], outputs: Sequence[mx.array]
) -> list[mx.array]:
    """A node that stands for an operation with these inputs and outputs."""
    arrays = [each for each in inputs if isinstance(each, mx.array)]
    kernel: Any = mx.fast.metal_kernel(
        name=f"one_{name}_",
        input_names=[f"in{i}" for i in range(len(arrays))],
        output_names=[f"out{i}" for i in range(len(outputs))],
        source="",
        ensure_row_contiguous=False,
    )
    found: list[mx.array] = kernel(
        inputs=arrays,
        output_shapes=[each.shape for each in outputs],
        output_dtypes=[each.dtype for each in outputs],
        grid=(1, 1, 1),
        threadgroup=(1, 1, 1),
    )
    return found


# Whoever comes second would take the first one's stand-ins for MLX's own.
_stand_in = threading.RLock()


@contextmanager
def as_on_metal() -> Iterator[None]:
    """Let Python code see Apple's GPU; MLX itself must not be asked to compute.

    One thread at a time is inside. Others must not use MLX meanwhile.
    """
    with _stand_in:
        yield from _on_metal()


def _on_metal() -> Iterator[None]:
    gpu = mx.Device(mx.gpu, 0)
    stand_ins: list[tuple[Any, str, Any]] = [
        (mx.metal, "is_available", lambda: True),
        (mx, "default_device", lambda: gpu),
        (mx, "compile", _compiled),
        # MLX exports no node of this kind.
        (mx, "contiguous", _like("contiguous", 0, 1)),
        (mx.fast, "rms_norm", _like("rms_norm", 0, 2)),
        (mx.fast, "layer_norm", _like("layer_norm", 0, 3)),
        (mx.fast, "rope", _like("rope", 0, 1)),
        (mx.fast, "scaled_dot_product_attention", _like("attention", 0, 3)),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in stand_ins]
    try:
        for owner, name, stand_in in stand_ins:
            setattr(owner, name, stand_in)
        yield
    finally:
        for owner, name, original in before:
            setattr(owner, name, original)


def _compiled(function: Any = None, **_: Any) -> Any:
    """A compiled function is one dispatch, if all of it is element-wise."""
    if function is None:
        return partial(_compiled)

    def call(*inputs: Any, **options: Any) -> Any:
        result = function(*inputs, **options)
        outputs = [result] if isinstance(result, mx.array) else list(result)
        name = getattr(function, "__name__", "function").strip("_")
        nodes = one_node(f"compiled_{name}", inputs, outputs)
        return nodes[0] if isinstance(result, mx.array) else nodes

    return call


def _like(name: str, shaped: int, count: int) -> Callable[..., mx.array]:
    """A fused operation whose output has the shape of one of its inputs."""

    def operation(*inputs: Any, **_: Any) -> mx.array:
        return one_node(name, inputs[:count], [inputs[shaped]])[0]

    return operation
