"""How fast a model is here, measured in a process of its own.

`python -m genesis_chat.engine.speed` reads a `Task` as JSON and writes what it found.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import GenerationError
from ..paths import compiled_directory
from .backend import Backend, choose_backend

# Every token is as likely as another; drawing costs what it costs in a chat.
DRAWN = {"temperature": 50.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}


@dataclass(frozen=True)
class Task:
    """What to measure: a model directory on a backend.

    `prompts` are their lengths in tokens; each is followed by `decoded` tokens, and
    all of it is done `repeats` times.
    """

    directory: str
    backend: str
    dtype: str | None
    prompts: tuple[int, ...]
    decoded: int
    repeats: int


def measure(task: Task) -> dict[str, Any]:
    """Do a task in a new process, whose memory is nothing but the model's.

    Raises `GenerationError` with what that process said last.
    """
    command = [sys.executable, "-P", "-m", "genesis_chat.engine.speed"]
    done = subprocess.run(
        command, input=json.dumps(asdict(task)), capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise GenerationError(f"{task.backend} could not be measured: {last}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def released_shape(directory: Path, context: int) -> None:
    """Write a model of the released shape with random weights, as converted."""
    from dataclasses import replace

    from backends.args import ModelArgs
    from backends.random_model import write_random_model

    args = ModelArgs.released()
    wide = max(context, args.block_size)
    write_random_model(directory, replace(args, block_size=wide))


def _measured(task: Task) -> dict[str, Any]:
    began = time.perf_counter()
    chosen: Backend = choose_backend(task.backend, task.dtype)  # type: ignore[arg-type]  # checked there
    options = {"compiled": compiled_directory()} if chosen.name == "cpu" else {}
    model = chosen.module.load(Path(task.directory), dtype=task.dtype, **options)
    start = time.perf_counter() - began
    rows = [_row(chosen.module, model, length, task) for length in task.prompts]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "backend": chosen.name,
        "dtype": model.dtype,
        "device": model.device,
        "weight_bytes": model.nbytes,
        "start_seconds": start,
        "prompts": rows,
        "peak_memory_bytes": peak if sys.platform == "darwin" else peak * 1024,
        "streaming_limit_tokens_per_second": _bytes_per_second() / model.nbytes,
    }


def _row(module: Any, model: Any, length: int, task: Task) -> dict[str, Any]:
    firsts, speeds = [], []
    settings = module.SamplingSettings(**DRAWN, min_p=0.0, seed=1)
    vocabulary = model.args.vocab_size
    prompt = [(7 * n + 11) % vocabulary for n in range(length)]
    # The first of them warms up what later replies find warm.
    for repeat in range(task.repeats + 1):
        began = time.perf_counter()
        times = [
            time.perf_counter()
            for event in module.generate_with_progress(
                model,
                prompt,
                cache=model.make_cache(ttt=False),
                settings=settings,
                max_tokens=task.decoded + 1,
            )
            if isinstance(event, module.GeneratedToken)
        ]
        if repeat:
            firsts.append(times[0] - began)
            speeds.append((len(times) - 1) / (times[-1] - times[0]))
    return {
        "prompt_tokens": length,
        "seconds_to_first_token": _spread(firsts),
        "prefill_tokens_per_second": _spread([length / each for each in firsts]),
        "decode_tokens_per_second": _spread(speeds),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
    }


def _bytes_per_second() -> float:
    """The best of a few sums over memory that no cache holds, with all threads."""
    import os

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


def measure_shape(
    backends: Sequence[tuple[str, str | None]], prompts: Sequence[int], **options: Any
) -> list[dict[str, Any]]:
    """Measure backends, as pairs of name and dtype, on random released weights."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "model"
        released_shape(directory, max(prompts) + options["decoded"] + 1)
        return [
            measure(Task(str(directory), name, dtype, tuple(prompts), **options))
            for name, dtype in backends
        ]


if __name__ == "__main__":
    values = json.load(sys.stdin)
    values["prompts"] = tuple(values["prompts"])
    print(json.dumps(_measured(Task(**values))))
