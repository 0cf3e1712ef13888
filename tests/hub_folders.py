"""The Hub's cache as its library lays it out, made from files of models."""

import hashlib
import os
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def cache_model(hub: Path, id: str, folder: Path) -> Path:
    """Put a folder's files into a cache under a repository's id; its snapshot."""
    repository = hub / f"models--{id.replace('/', '--')}"
    blobs, snapshot = repository / "blobs", repository / "snapshots" / COMMIT
    for path in (blobs, snapshot, repository / "refs"):
        path.mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    for file in folder.iterdir():
        data = file.read_bytes()
        large = file.suffix == ".safetensors"
        # What is small lies in Git, which puts a head before it.
        blob = b"blob %d\0%b" % (len(data), data)
        name = (
            hashlib.sha256(data) if large else hashlib.sha1(blob, usedforsecurity=False)
        ).hexdigest()
        (blobs / name).write_bytes(data)
        os.symlink(Path("../../blobs") / name, snapshot / file.name)
    return snapshot
