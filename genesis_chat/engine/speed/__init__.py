"""How fast models are here: ours, and programs to compare them with."""

from .compare import against, overall
from .ours import measure, released_shape
from .peers import PEERS, find_peer, measure_peer
from .task import Task

__all__ = [
    "PEERS",
    "Task",
    "against",
    "find_peer",
    "measure",
    "measure_peer",
    "overall",
    "released_shape",
]
