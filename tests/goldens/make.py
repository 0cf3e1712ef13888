"""Make the goldens from the reference: `GENESIS_REFERENCE=... python make.py`.

logits.safetensors holds, per configuration, logits of every sixth vocabulary entry at
some positions, without (`plain`) and with (`adapted`) test-time training; the weights
and ids come from seeds. builtin.json holds greedy continuations by the built-in
model, past its end token.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).parent.parent))

from builtin_model import PROMPTS, ids_of, read_checkpoint
from checkpoints import checkpoint_tensors
from configurations import SEEDS, configuration, random_ids
from goldens_of import COLUMNS, GOLDENS, LENGTH, POSITIONS, REPLY
from reference import Reference, add_to_path


def main() -> None:
    """Write both files beside this script."""
    if not add_to_path():
        sys.exit("Set GENESIS_REFERENCE to where the reference is installed.")
    made_with = {name: version(name) for name in ("genesis-llm", "torch", "mlx")}
    save_file(_logits(), GOLDENS / "logits.safetensors", metadata=made_with)
    content = {"made_with": made_with, "replies": _replies()}
    (GOLDENS / "builtin.json").write_text(json.dumps(content) + "\n")


def _logits() -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, seed in SEEDS.items():
        config = configuration(name)
        reference = Reference(config, checkpoint_tensors(config, seed=seed))
        ids = random_ids(LENGTH, seed)
        plain = reference.logits(ids)[POSITIONS, COLUMNS]
        adapted = [reference.last_logits(ids[: n + 1])[COLUMNS] for n in POSITIONS]
        arrays[f"{name}.plain"] = np.ascontiguousarray(plain)
        arrays[f"{name}.adapted"] = np.stack(adapted)
    return arrays


def _replies() -> list[dict[str, Any]]:
    reference = Reference(*read_checkpoint())
    return [
        {
            "prompt": prompt,
            "plain": reference.greedy(ids_of(prompt), REPLY, ttt=False),
            "adapted": reference.greedy(ids_of(prompt), REPLY, ttt=True),
        }
        for prompt in PROMPTS
    ]


if __name__ == "__main__":
    main()
