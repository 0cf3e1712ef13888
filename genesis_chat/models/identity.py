"""What a model's weights are, by their sha256: for states kept on disk and receipts.

The Hub's cache names a large file by its sha256. For any other file it is computed
once and remembered with the file's size and time.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..paths import cache_directory
from ..text_files import new_file

REMEMBERED = "weights.json"
SHA256 = re.compile("[0-9a-f]{64}")
# Entries of the file, the oldest of which are forgotten.
MOST = 1000


def identity(directory: Path) -> str:
    """One sha256 for the weights in a folder that has no manifest. Raises `OSError`."""
    from converters.whole_folder import is_weights

    files = sorted(path for path in directory.iterdir() if is_weights(path.name))
    return combined((path.name, _sha256(path)) for path in files)


def combined(sums: Iterable[tuple[str, str]]) -> str:
    """One sha256 for files by name and sha256; of a single file it is its own."""
    listed = sorted(sums)
    if len(listed) == 1:
        return listed[0][1]
    text = "".join(f"{digest}  {name}\n" for name, digest in listed)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    from converters.hub_cache import blob_sha256

    if path.is_symlink() and (known := blob_sha256(path)):
        return known
    real = path.resolve()
    facts = real.stat()
    key = f"{real} {facts.st_size} {facts.st_mtime_ns}"
    remembered = _remembered()
    if key not in remembered:
        with real.open("rb") as file:
            remembered[key] = hashlib.file_digest(file, "sha256").hexdigest()
        _remember(remembered)
    return remembered[key]


def _remembered() -> dict[str, str]:
    folder = cache_directory()
    if folder is None:
        return {}
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads((folder / REMEMBERED).read_text("utf-8"))
        if isinstance(known, dict):
            return {str(k): v for k, v in known.items() if SHA256.fullmatch(str(v))}
    return {}


def _remember(known: dict[str, str]) -> None:
    """Keep the newest; that it cannot be written costs only time."""
    folder = cache_directory()
    if folder is None:
        return
    path = folder / REMEMBERED
    newest = dict(list(known.items())[-MOST:])
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with new_file(path) as file:
            file.partial.write_text(json.dumps(newest), encoding="utf-8")
