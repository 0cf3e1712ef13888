"""How many dispatches a graph is on Metal."""

from .graph import Graph, Operand, Primitive

# Nodes that only say how memory is looked at.
VIEWS = {
    "Broadcast",
    "BroadcastAxes",
    "ExpandDims",
    "Slice",
    "Split",
    "Squeeze",
    "StopGradient",
    "Transpose",
    "Unflatten",
    "View",
}
RESHAPES = {"Reshape", "Flatten"}
# A slice at a computed offset is found by one kernel and copied by another.
SEVERAL = {"DynamicSlice": 2, "DynamicSliceUpdate": 2}

Strides = tuple[int, ...]


def dispatches(graph: Graph) -> dict[str, int]:
    """Dispatches by kind of node.

    Views are none; a reshape, and a custom kernel's input, is one more where the
    memory is not in order and has to be copied. In-place updates are counted as
    such: the cache holds the only reference to what it updates. Sorts over a
    vocabulary are counted as one, which is too few.
    """
    counts: dict[str, int] = {}
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
            add(node.name, SEVERAL.get(node.name, 1))
    return counts


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
