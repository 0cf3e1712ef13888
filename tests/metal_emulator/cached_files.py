"""Where what is compiled is kept."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .errors import ToolchainError

HERE = Path(__file__).parent


def cache_directory() -> Path:
    """Where generated files go.

    ``$METAL_EMULATOR_CACHE``, else the user's cache directory as platformdirs
    gives it, else a private directory below the temporary one.
    """
    if chosen := os.environ.get("METAL_EMULATOR_CACHE"):
        path = Path(chosen)
    else:
        try:
            from platformdirs import user_cache_path
        except ImportError:
            path = Path(tempfile.gettempdir()) / f"metal-emulator-{os.getuid()}"
        else:
            path = user_cache_path("metal-emulator")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        # Libraries are loaded from here.
        raise ToolchainError(f"the cache directory {path} belongs to another user")
    return path


def digest(parts: Iterable[str]) -> str:
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part.encode() + b"\0")
    return hasher.hexdigest()[:24]


@functools.cache
def tool_digest() -> str:
    """Changes when the emulator's files or MLX's headers may have changed."""
    files = sorted(p for p in HERE.rglob("*") if p.suffix != ".pyc" and p.is_file())
    return digest([importlib.metadata.version("mlx"), *(p.read_text() for p in files)])


def write_atomically(path: Path, text: str) -> None:
    """Other processes see the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).replace(path)
