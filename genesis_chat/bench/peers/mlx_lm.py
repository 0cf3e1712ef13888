"""mlx-lm's Qwen3-Next, the nearest hybrid it has, in the sizes of our model.

Its weights are random and in the dtype MLX is fastest in here.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..task import Task, answer, peak_memory, rows


def _measured(task: Task) -> dict[str, Any]:
    from backends.genesis.model_files import read_args

    from ..qwen3_next import PeerModel

    args = read_args(Path(task.directory))
    model = PeerModel(args)

    def reply(prompt: Sequence[int], count: int) -> Iterator[None]:
        return model.reply(prompt, count)

    return {
        "version": f"mlx-lm {version('mlx-lm')}, Qwen3-Next, {model.dtype}",
        "prompts": rows(task, args.vocab_size, reply),
        "peak_memory_bytes": peak_memory(),
    }


if __name__ == "__main__":
    answer(_measured)
