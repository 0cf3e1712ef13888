"""How many different bytes a graph reads and writes."""

from collections.abc import Mapping

from .donation import RESHAPES, UPDATES, VIEWS, copied_updates
from .graph import Graph

GATHERS = {"Gather", "GatherAxis"}


def traffic(graph: Graph, rows: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Bytes of the graph's inputs that are read, by name, and all other bytes.

    Every array counts once when it is read and once when it is written, however many
    kernels share it. An embedding counts by the row, unless a product reads all of
    it too; an update by what it writes, where it writes in place.

    Args:
        graph: as `trace` gives it.
        rows: for inputs that are read in part, their bytes that are read.
    """
    source: dict[str, str] = {}
    copied = copied_updates(graph)
    given = {operand.name: operand.nbytes for operand in graph.inputs}
    read: dict[str, int] = {}
    written = 0
    for node in graph.primitives:
        inputs = [source.get(i.name, i.name) for i in node.inputs]
        if node.name in VIEWS | RESHAPES:
            for output in node.outputs:
                source[output.name] = inputs[0]
            continue
        updates = node.name in UPDATES and node.outputs[0].name not in copied
        for position, (name, operand) in enumerate(
            zip(inputs, node.inputs, strict=True)
        ):
            if updates and position == 0:
                continue
            size = given.get(name, operand.nbytes)
            if node.name in GATHERS and position == 0:
                size = sum(output.nbytes for output in node.outputs)
            size = min(size, rows.get(name, size))
            read[name] = max(read.get(name, 0), size)
        if updates:
            written += node.inputs[1].nbytes
            source[node.outputs[0].name] = inputs[0]
        else:
            written += sum(output.nbytes for output in node.outputs)
    inputs_read = {name: size for name, size in read.items() if name in given}
    others = sum(size for name, size in read.items() if name not in given)
    return inputs_read, others + written
