"""The reference implementation, genesis-llm on PyTorch, with weights it draws itself.

It generates as its own command line does: with its cache, without test-time training.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..task import Task, answer, peak_memory, rows


def _measured(task: Task) -> dict[str, Any]:
    folder = os.environ.get("GENESIS_REFERENCE")
    if folder:
        # Last, so that its libraries do not replace the project's.
        sys.path.append(folder)
    # By name, since the product does without them.
    torch = importlib.import_module("torch")
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        genesis = importlib.import_module("genesis")
        flags, known = _flags(Path(task.directory)), fields(genesis.GenesisConfig)
        names = {field.name for field in known} & set(flags)
        config = genesis.GenesisConfig(**{name: flags[name] for name in names})
        model = genesis.Genesis(config).eval()

    def reply(prompt: Sequence[int], count: int) -> Iterator[None]:
        ids, past = torch.tensor([list(prompt)]), None
        for _ in range(count):
            with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
                logits, _, _, past = model(ids, past_key_values=past, use_cache=True)
            ids = logits[:, -1].argmax(-1, keepdim=True)
            int(ids)
            yield

    return {
        "version": f"genesis-llm {version('genesis-llm')}, torch {version('torch')}",
        "prompts": rows(task, config.vocab_size, reply),
        "peak_memory_bytes": peak_memory(),
    }


def _flags(directory: Path) -> dict[str, Any]:
    """The configuration a converted model came with."""
    from backends.genesis.model_files import read_args

    flags: dict[str, Any] = json.loads(json.dumps(read_args(directory).to_config()))
    return flags


if __name__ == "__main__":
    answer(_measured)
