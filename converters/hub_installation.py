"""A whole model from the Hub as one of ours: fetched, checked, moved into place.

What has come of an interrupted download stays in a folder of its own beside the
models and is gone on with the next time.
"""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock

from .digest import sha256
from .errors import ConversionError, shown
from .hub import cached, download_rest, sentences
from .hub_models import Download, WantedFile
from .manifest import (
    CONFIG,
    MANIFEST,
    FileRecord,
    Manifest,
    SourceRecord,
)
from .progress import Progress, silent
from .storage import new_directory
from .tensor_files import look_at_tensors
from .whole_folder import OTHER_TOKENIZER, TOKENIZER, manifest_as_stored

DOWNLOADS, LOCK = ".downloads", ".lock"
ADVICE = "try again when there is a connection, or later: what has come is kept"
# Beside the files themselves: headers, manifests, whatever else is written meanwhile.
SPARE_BYTES = 64 << 20


def install_download(
    wanted: Download,
    destination: Path,
    *,
    replace: bool = False,
    progress: Progress = silent,
    name: str | None = None,
) -> Manifest:
    """Fetch a model's files and make a directory of them, whole or not at all.

    Sizes and sha256 are compared with the Hub's. `progress` gets the stages
    "download" and "verify" with bytes of all files. Raises `ConversionError`.
    """
    folder = destination.parent / DOWNLOADS / wanted.repository.replace("/", "--")
    folder /= wanted.commit
    with ExitStack() as stack:
        with sentences(wanted.repository, wanted.commit, ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
            # Two at once would write into each other's files.
            stack.enter_context(FileLock(folder / LOCK))
            _check_room(wanted, folder)
            _fetch(wanted, folder, progress)
            records = _checked(wanted, folder, progress)
        with new_directory(
            destination, replace=replace, waiting=lambda: progress("wait", 0, 0)
        ) as directory:
            manifest = _manifest(wanted, folder, records, name or destination.name)
            for file in wanted.files:
                _move(folder / file.name, directory / file.name)
            (directory / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        # The downloads of other commits are of no more use either.
        shutil.rmtree(folder.parent, ignore_errors=True)
    return manifest


def _move(old: Path, new: Path) -> None:
    """Put a file into place, and leave its old name until all is done where it goes."""
    try:
        os.link(old, new)
    except OSError:
        os.rename(old, new)


def _check_room(wanted: Download, folder: Path) -> None:
    """Raise `ConversionError` when the disk cannot take what is still to come."""
    missing = sum(file.bytes - _length(folder / file.name) for file in wanted.files)
    free = shutil.disk_usage(folder).free
    if missing + SPARE_BYTES > free:
        raise ConversionError(
            f"{shown(wanted.repository)} needs {missing / 1e9:.1f} GB more on the "
            f"disk, and {free / 1e9:.1f} GB are free; free some and try again."
        )


def _fetch(wanted: Download, folder: Path, progress: Progress) -> None:
    before = 0
    for file in wanted.files:

        def report(stage: str, done: int, _: int, base: int = before) -> None:
            progress(stage, min(base + done, wanted.bytes), wanted.bytes)

        report("download", 0, 0)
        _fetch_file(wanted, file, folder / file.name, report)
        before += file.bytes
    progress("download", wanted.bytes, wanted.bytes)


def _fetch_file(
    wanted: Download, file: WantedFile, path: Path, report: Progress
) -> None:
    if _length(path) > file.bytes:
        path.unlink()
    known = cached(wanted.repository, file.name, wanted.commit)
    if known and not path.exists() and known.stat().st_size == file.bytes:
        shutil.copyfile(known, path)
    with path.open("ab") as out:
        if out.tell() < file.bytes:
            download_rest(
                wanted.repository, file.name, wanted.commit, out, file.bytes, report
            )


def _checked(
    wanted: Download, folder: Path, progress: Progress
) -> dict[str, FileRecord]:
    """Every file's record. Raises `ConversionError`; what is wrong is deleted."""
    records = {}
    done = 0
    for file in wanted.files:
        path = folder / file.name

        def report(read: int, base: int = done) -> None:
            progress("verify", base + read, wanted.bytes)

        with path.open("rb") as data:
            size, digest = sha256(data, report)
        if size != file.bytes or file.sha256 not in (None, digest):
            path.unlink()
            raise ConversionError(
                f"The download of {shown(wanted.repository)} is damaged: "
                f"{shown(file.name)} is not what the Hub says it is; try again."
            )
        records[file.name] = FileRecord(size, digest)
        done += size
    return records


def _manifest(
    wanted: Download, directory: Path, records: dict[str, FileRecord], name: str
) -> Manifest:
    weights = sorted(file.name for file in wanted.files if file.is_weights)
    tensors = look_at_tensors(directory / CONFIG, [directory / w for w in weights])
    tokenizer = TOKENIZER if TOKENIZER in records else OTHER_TOKENIZER

    def source(file: str) -> SourceRecord:
        record = records[file]
        return SourceRecord(
            "hub", wanted.repository, file, wanted.commit, record.bytes, record.sha256
        )

    return manifest_as_stored(
        name,
        source(weights[0]),
        source(tokenizer),
        tensors,
        files=records,
        family=wanted.model_type,
        license=wanted.license,
        stored_as=wanted.quantization,
    )


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
