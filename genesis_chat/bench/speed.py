"""One of our backends, measured; `python -m` of this module does a task."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backends.config_file import read_model_type

from ..engine import choose_backend
from ..paths import compiled_directory
from .growth import growth
from .task import Task, answer, in_new_process, peak_memory, rows

METAL = "Metal"
# See `backends.mlx_base.command_buffers`, which is not imported without MLX.
COMMAND_BUFFERS = "GENESIS_CHAT_COMMAND_BUFFERS"


def measure(task: Task) -> dict[str, Any]:
    """Do a task in a new process, whose memory is nothing but the model's.

    On Metal it is done twice: what there is of it with the command buffers that MLX
    makes by itself is under `usual_command_buffers`.
    """
    found = in_new_process(__name__, task)
    if found["device"] != METAL:
        return found
    usual = in_new_process(__name__, task, {COMMAND_BUFFERS: "mlx"})
    return {**found, "usual_command_buffers": usual["prompts"]}


@contextmanager
def released_shape(context: int) -> Iterator[Path]:
    """A model of the released shape with random weights, as converted."""
    from dataclasses import replace

    from backends.genesis.args import ModelArgs
    from backends.genesis.random_model import write_random_model

    args = ModelArgs.released()
    wide = max(context, args.block_size)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "model"
        write_random_model(directory, replace(args, block_size=wide))
        yield directory


def _measured(task: Task) -> dict[str, Any]:
    began = time.perf_counter()
    from backends.generation import generate
    from backends.sampling_settings import SamplingSettings

    directory = Path(task.directory)
    chosen = choose_backend(task.backend, task.dtype, read_model_type(directory))
    warnings: list[str] = []
    model = chosen.entry.backend().load(
        directory,
        dtype=task.dtype,
        compiled=compiled_directory(),
        report=warnings.append,
    )
    start = time.perf_counter() - began
    # As a chat draws; nothing stops a reply early, since no token is said to.
    settings = SamplingSettings(seed=1)

    def reply(prompt: Sequence[int], count: int) -> Iterator[object]:
        return generate(model, prompt, settings=settings, max_tokens=count)

    found = {
        "backend": chosen.name,
        "dtype": model.dtype,
        "device": model.device,
        "warnings": warnings,
        "weight_bytes": model.nbytes,
        "start_seconds": start,
        "prompts": rows(task, model.vocab_size, reply),
        "decode_growth": growth(task, model.vocab_size, reply),
        "peak_memory_bytes": peak_memory(),
    }
    # Last, since it takes memory of its own.
    limit = _bytes_per_second(model.device) / model.nbytes
    return {**found, "streaming_limit_tokens_per_second": limit}


def _bytes_per_second(device: str) -> float:
    """The best of a few looks at memory that no cache holds, as the device can."""
    if device == METAL:
        from backends.mlx_base.device import bytes_per_second

        return bytes_per_second()
    import numpy as np

    parts = np.array_split(np.ones(1 << 26, np.float32), os.cpu_count() or 1)
    best = 0.0
    with ThreadPoolExecutor(len(parts)) as threads:
        for _ in range(5):
            began = time.perf_counter()
            list(threads.map(np.max, parts))
            seconds = time.perf_counter() - began
            best = max(best, sum(part.nbytes for part in parts) / seconds)
    return best


if __name__ == "__main__":
    answer(_measured)
