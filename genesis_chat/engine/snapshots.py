"""States kept on disk, so that a reopened conversation reads nothing again.

A file's name is made of a key and the file's sha256. The key is a digest of the
model's weights, what it computes in, and the exact tokens the state has read, so a
state can only be found by whom it fits. One that is missing or damaged costs a
prefill and nothing else; that is why nothing here raises for the file system.
"""

import hashlib
import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from backends.new_file import new_file

from ..errors import ModelError
from .loader import LoadedModel, State

LIMIT_BYTES = 512 * 2**20
BLOCK = 1 << 20


class Snapshots:
    """The states in one folder, at most `limit` bytes of them.

    The least recently used ones go first.
    """

    def __init__(self, folder: Path, limit: int = LIMIT_BYTES) -> None:
        self._folder, self._limit = folder, limit

    def save(
        self,
        model: LoadedModel,
        state: State,
        switches: frozenset[str],
        ids: Sequence[int],
    ) -> None:
        """Keep a state that has read `ids`."""
        key = _key(model, switches, ids)
        if key is None or any(p.name.startswith(f"{key}-") for p in self._files()):
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with new_file(self._folder / key) as file:
                state.save(file.partial)
                file.partial.chmod(0o600)
                name = f"{key}-{_sha256(file.partial)}.safetensors"
                file.path = self._folder / name
            self._trim()

    def longest(
        self,
        model: LoadedModel,
        switches: frozenset[str],
        ids: Sequence[int],
        ends: Sequence[int],
    ) -> State | None:
        """The state that has read most of `ids`, up to one of `ends`, or None."""
        paths = {path.name.partition("-")[0]: path for path in self._files()}
        for end in sorted(ends, reverse=True) if paths else ():
            path = paths.get(_key(model, switches, ids[:end]) or "")
            if path and (state := _load(model, path, end)):
                return state
        return None

    def _files(self) -> list[Path]:
        with suppress(OSError):
            return list(self._folder.glob("*.safetensors"))
        return []

    def _trim(self) -> None:
        files = [(p, p.stat()) for p in self._files()]
        files.sort(key=lambda entry: entry[1].st_mtime_ns, reverse=True)
        total = 0
        for path, facts in files:
            total += facts.st_size
            if total > self._limit:
                path.unlink(missing_ok=True)


def _load(model: LoadedModel, path: Path, offset: int) -> State | None:
    with suppress(OSError, ModelError):
        if _sha256(path) == path.stem.partition("-")[2]:
            state = model.load_state(path)
            if state.offset == offset:
                os.utime(path)
                return state
    with suppress(OSError):
        path.unlink()
    return None


def _key(
    model: LoadedModel, switches: frozenset[str], ids: Sequence[int]
) -> str | None:
    """None when the weights are not known by their sha256."""
    if model.sha256 is None or not ids:
        return None
    on = " ".join(sorted(model.switches | switches))
    digest = hashlib.sha256(f"2 {model.sha256} {model.dtype} {on} ".encode())
    digest.update(struct.pack(f"<{len(ids)}I", *ids))
    return digest.hexdigest()[:40]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
