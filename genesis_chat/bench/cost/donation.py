"""Which updates of an array MLX makes in a copy of it."""

from collections import Counter

from .graph import Graph

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
UPDATES = {"SliceUpdate", "DynamicSliceUpdate"}


def copied_updates(graph: Graph) -> set[str]:
    """Names of the outputs of updates that first copy the whole array.

    MLX writes in place what nothing else holds. A command buffer holds whatever its
    kernels read until it has run, and whoever gave an array to the graph holds that
    too; so only what the graph makes, and only the update reads, is left.
    """
    source: dict[str, str] = {}
    made: set[str] = set()
    readers: Counter[str] = Counter()
    for node in graph.primitives:
        inputs = [source.get(each.name, each.name) for each in node.inputs]
        if node.name in VIEWS | RESHAPES:
            source.update((output.name, inputs[0]) for output in node.outputs)
            continue
        made.update(output.name for output in node.outputs)
        readers.update(set(inputs))
    readers.update(source.get(each.name, each.name) for each in graph.outputs)
    found = set()
    for node in graph.primitives:
        if node.name in UPDATES:
            name = node.inputs[0].name
            name = source.get(name, name)
            if name not in made or readers[name] > 1:
                found.add(node.outputs[0].name)
    return found
