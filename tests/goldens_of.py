"""What the stored goldens are: `goldens/make.py` writes them, tests read them."""

from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

GOLDENS = Path(__file__).parent / "goldens"
LENGTH = 150
POSITIONS = [0, 1, 2, 3, 30, 31, 62, 63, 64, 65, 66, 100, 126, 127, 128, 149]
COLUMNS = slice(0, None, 6)
REPLY = 100


def read_logits() -> dict[str, Any]:
    """Arrays [positions, columns] by `configuration.plain` or `.adapted`."""
    return load_file(GOLDENS / "logits.safetensors")
