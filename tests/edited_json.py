"""JSON files of others, changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def edited(path: Path, edit: Callable[[dict[str, Any]], None]) -> bytes:
    """The content of a file after a change."""
    content = json.loads(path.read_bytes())
    edit(content)
    return json.dumps(content).encode()
