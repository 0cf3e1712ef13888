"""How many dispatches a graph is on Metal."""

import math

from .donation import RESHAPES, VIEWS, copied_updates
from .graph import Graph, Operand, Primitive

# A slice at a computed offset is found by one kernel and copied by another.
SEVERAL = {"DynamicSlice": 2, "DynamicSliceUpdate": 2}
# Numbers that one threadgroup sorts, and that one adds up.
SORTED_AT_ONCE, REDUCED_AT_ONCE = 2048, 4096

Strides = tuple[int, ...]


def dispatches(graph: Graph) -> dict[str, int]:
    """Dispatches by kind of node.

    Views are none; a reshape, and a custom kernel's input, is one more where the
    memory is not in order and has to be copied; so is an update of an array that
    something else holds.
    """
    counts: dict[str, int] = {}
    copied = copied_updates(graph)
    strides: dict[str, Strides] = {}

    def of(operand: Operand) -> Strides:
        return strides.get(operand.name, _rows(operand.shape))

    def add(kind: str, count: int) -> None:
        if count:
            counts[kind] = counts.get(kind, 0) + count

    for node in graph.primitives:
        if node.name in VIEWS:
            for output in node.outputs:
                strides[output.name] = _viewed(node, output, of(node.inputs[0]))
        elif node.name in RESHAPES or (
            node.name == "CustomKernel" and "_one_contiguous" in node.arguments[0]
        ):
            add("Copy", not _in_order(node.inputs[0].shape, of(node.inputs[0])))
        elif node.name == "CustomKernel":
            heeds_strides = not _copies(node)
            loose = [i for i in node.inputs if not _in_order(i.shape, of(i))]
            add("Copy", 0 if heeds_strides else len(loose))
            add(_kernel(node), 1)
        elif node.name == "Concatenate":
            add("Copy", len(node.inputs))
        else:
            add("Copy", node.outputs[0].name in copied)
            add(node.name, _several(node))
    return counts


def _several(node: Primitive) -> int:
    """Dispatches of a node that is no view, kernel or copy."""
    if not node.inputs:
        return 1
    given, made = node.inputs[0].shape, node.outputs[0].shape
    if "Sort" in node.name or "Partition" in node.name:
        blocks = -(-given[_axis(node)] // SORTED_AT_ONCE)
        # Blocks, two for each round of merges, and a copy.
        return 1 if blocks == 1 else 2 + 2 * math.ceil(math.log2(blocks))
    if node.name == "Reduce" and math.prod(made) == 1:
        return 1 if math.prod(given) <= REDUCED_AT_ONCE else 2
    return SEVERAL.get(node.name, 1)


def _axis(node: Primitive) -> int:
    """The axis along which a node sorts: the last of its arguments."""
    return int(node.arguments[-1])


def _kernel(node: Primitive) -> str:
    """Our name for a custom kernel, to which MLX adds `__` and the types it is for."""
    return str(node.arguments[0]).removeprefix("custom_kernel_").partition("__")[0]


def _copies(node: Primitive) -> bool:
    """Whether a custom kernel asks for row-contiguous inputs."""
    # Its arguments: name, source, three of the grid, three of the group, inputs, this.
    return bool(node.arguments[9])


def _rows(shape: tuple[int, ...]) -> Strides:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def _in_order(shape: tuple[int, ...], strides: Strides) -> bool:
    """Whether memory is row-contiguous; axes of one element do not count."""
    return all(
        size == 1 or stride == expected
        for size, stride, expected in zip(shape, strides, _rows(shape), strict=True)
    )


def _viewed(node: Primitive, output: Operand, before: Strides) -> Strides:
    shape = node.inputs[0].shape
    if node.name == "Transpose":
        return tuple(before[axis] for axis in node.arguments[0])
    if node.name in ("Slice", "Split", "StopGradient"):
        return before
    if node.name == "Broadcast":
        missing = len(output.shape) - len(shape)
        return tuple(
            0
            if axis < missing or shape[axis - missing] == 1
            else before[axis - missing]
            for axis in range(len(output.shape))
        )
    # The others keep the order of what they look at.
    in_order = _in_order(shape, before)
    return _rows(output.shape) if in_order else tuple(0 for _ in output.shape)
