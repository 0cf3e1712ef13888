"""Files of JSON lines."""

import json
from pathlib import Path
from typing import Any


def write(path: Path, lines: list[Any]) -> Path:
    """A file with these lines; what is no text is JSON."""
    texts = (each if isinstance(each, str) else json.dumps(each) for each in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
