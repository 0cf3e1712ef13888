"""The Hub's cache on this disk, read as it lies: `models--org--name`.

A repository's folder has `blobs` (files by their hash), `snapshots` (a folder of
links into them for each commit) and `refs` (which commit a branch is at).
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .errors import ConversionError, shown
from .progress import Progress, silent

_FOLDER = re.compile(r"models--(?:(?P<owner>.+?)--)?(?P<name>.+)")
# Digits of a commit that name it.
SHORTEST_COMMIT = 7
_COMMIT = re.compile(rb"[0-9A-Za-z]{7,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class CachedRepository:
    """A repository in a cache: its folder and its id, owner/name."""

    folder: Path
    id: str

    def snapshot(self, revision: str | None = None) -> Path:
        """The folder of a commit.

        That is the one of a `revision`: a branch or a tag, a commit or how one begins.
        Without one it is what `main` is at, else the newest. Raises `ConversionError`
        when there is none, `OSError`.
        """
        if revision is not None:
            return self._at(revision)
        snapshots = self.folder / "snapshots"
        main = self._named_by("main")
        if main and (snapshots / main).is_dir():
            return snapshots / main
        folders = [p for p in snapshots.glob("*") if p.is_dir()]
        if not folders:
            raise ConversionError(
                f"{shown(str(self.folder))} holds no snapshot of {shown(self.id)}; "
                "download it again."
            )
        return max(folders, key=lambda path: path.stat().st_mtime_ns)

    def _at(self, revision: str) -> Path:
        snapshots = self.folder / "snapshots"
        begins = self._named_by(revision) or revision
        found = [p for p in snapshots.iterdir() if p.is_dir()]
        found = [p for p in found if p.name.startswith(begins)]
        if len(found) == 1 and len(begins) >= SHORTEST_COMMIT:
            return found[0]
        raise ConversionError(
            f"{shown(self.id)} is in the Hub's cache, but not at {shown(revision)}; "
            f"download it with: genesis-chat models pull {self.id}@{revision}"
        )

    def _named_by(self, ref: str) -> str:
        """The commit that a branch or a tag is at; empty where nothing tells it."""
        path = self.folder / "refs" / ref
        text = path.read_bytes()[:64].strip() if path.is_file() else b""
        return text.decode() if _COMMIT.fullmatch(text) else ""

    def named(self, file: Path) -> Path:
        """The link in a snapshot that leads to a blob, which has no name of its own."""
        if self.commit(file) is not None:
            return file
        for path in sorted((self.folder / "snapshots").glob("*/**/*")):
            if path.is_file() and path.samefile(file):
                return path
        return file

    def commit(self, path: Path) -> str | None:
        """The commit of a path in a snapshot."""
        parts = path.relative_to(self.folder).parts
        return parts[1] if len(parts) > 1 and parts[0] == "snapshots" else None


def cache_folder() -> Path:
    """The Hub's cache of this user, as its library finds it."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    hub = os.path.join(os.environ.get("HF_HOME") or f"{home}/huggingface", "hub")
    return Path(os.path.expanduser(os.environ.get("HF_HUB_CACHE") or hub))


def cached_repositories() -> Iterator[CachedRepository]:
    """Every repository in the cache, in the order of their names."""
    try:
        folders = sorted(cache_folder().glob("models--*"))
    except OSError:
        return
    for folder in folders:
        match = _FOLDER.fullmatch(folder.name)
        if match and (folder / "snapshots").is_dir():
            yield CachedRepository(folder, _id(match))


def find_cached(id: str) -> CachedRepository | None:
    """The repository of this id in the cache, if it is there."""
    folder = cache_folder() / f"models--{id.replace('/', '--')}"
    return CachedRepository(folder, id) if (folder / "snapshots").is_dir() else None


def _id(match: re.Match[str]) -> str:
    owner = match["owner"]
    return f"{owner}/{match['name']}" if owner else match["name"]


def cached_repository(path: Path) -> tuple[CachedRepository, Path] | None:
    """The cached repository that a path is in, and the path there; None outside one.

    A link from elsewhere to what is in a cache counts as that.
    """
    for place in _places(path):
        for folder in (place, *place.parents):
            match = _FOLDER.fullmatch(folder.name)
            if match and (folder / "snapshots").is_dir():
                return CachedRepository(folder, _id(match)), place
    return None


def _places(path: Path) -> Iterator[Path]:
    """Where a path is and leads to, link by link."""
    path = path.absolute()
    yield path
    path = path.parent.resolve() / path.name
    # So many links follow each other at most, on Linux.
    for _ in range(40):
        yield path
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()
        path = path.parent.resolve() / path.name


def verify_snapshot(directory: Path, progress: Progress = silent) -> list[str]:
    """Compare every file of a snapshot with the hash that its blob is named by.

    A large file's is its sha256, any other's that of a Git blob. Returns one sentence
    per problem, none when all is whole. `progress` is called with the stage "verify"
    and bytes. Raises `OSError`.
    """
    files = sorted(p for p in directory.rglob("*") if p.is_symlink() or p.is_file())
    sizes = {path: path.stat().st_size if path.exists() else 0 for path in files}
    total, done, problems = sum(sizes.values()), 0, []
    for path, size in sizes.items():
        name, wanted = path.relative_to(directory).as_posix(), path.resolve().name
        if not path.exists():
            problems.append(f"{name} is missing.")
        elif not _HASH.fullmatch(wanted):
            problems.append(f"{name} has no hash to be compared with.")
        else:
            read = partial(_report, progress, done, total)
            if _hash(path, size, wanted, read) != wanted:
                problems.append(f"{name} was changed: its hash is another one.")
        done += size
    return problems


def _report(progress: Progress, before: int, total: int, read: int) -> None:
    progress("verify", before + read, total)


def _hash(path: Path, size: int, like: str, read: Callable[[int], None]) -> str:
    """The hash of a file, of the kind that another one is."""
    digest = hashlib.sha256()
    if len(like) != digest.digest_size * 2:
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    done = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            read(done)
    return digest.hexdigest()


def blob_sha256(path: Path) -> str | None:
    """The sha256 that a large file's blob is named by; None for others."""
    name = path.resolve().name
    return name if _SHA256.fullmatch(name) else None
