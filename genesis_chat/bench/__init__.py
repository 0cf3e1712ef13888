"""How fast models are here: ours, and programs to compare them with."""

from .compare import against, comparable, overall
from .peers import PEERS, find_peer, measure_peer
from .speed import measure, released_shape
from .task import Task

__all__ = [
    "PEERS",
    "Task",
    "against",
    "comparable",
    "find_peer",
    "measure",
    "measure_peer",
    "overall",
    "released_shape",
]
