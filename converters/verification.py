"""The files of a model or an adapter, against what was written down of them."""

from collections.abc import Callable
from pathlib import Path

from .adapter import read_either
from .digest import sha256
from .errors import ConversionError, reason
from .manifest import FileRecord
from .progress import Progress, silent


def verify(directory: Path | str, progress: Progress = silent) -> list[str]:
    """Check every file of a converted model or an adapter against its manifest.

    Weights that a backend keeps beside them are checked against their own sha256.
    Returns one sentence per problem, none when the model is whole. `progress` is
    called with the stage "verify" and bytes.
    """
    from backends.derived_file import DERIVED_FILES, check_derived

    directory = Path(directory)
    try:
        manifest = read_either(directory)
    except ConversionError as error:
        return list(error.problems)
    problems = []
    total = sum(record.bytes for record in manifest.files.values())
    done = 0
    for name, record in manifest.files.items():

        def report(read: int, before: int = done) -> None:
            progress("verify", before + read, total)

        try:
            found = file_record(directory / name, report)
        except FileNotFoundError:
            problems.append(f"{name} is missing.")
            continue
        except OSError as error:
            problems.append(f"{name} cannot be read: {reason(error)}.")
            continue
        if found.bytes != record.bytes:
            problems.append(
                f"{name} has {found.bytes:,} bytes instead of {record.bytes:,}."
            )
        elif found.sha256 != record.sha256:
            problems.append(f"{name} was changed: its sha256 is another one.")
        done += record.bytes
    for name in DERIVED_FILES.values():
        try:
            problems += filter(None, [check_derived(directory / name)])
        except OSError as error:
            problems.append(f"{name} cannot be read: {reason(error)}.")
    return problems


def file_records(directory: Path, progress: Progress) -> dict[str, FileRecord]:
    """Size and sha256 of every file, read back from where they were written.

    `progress` is called with the stage "verify" and bytes.
    """
    paths = sorted(directory.iterdir())
    total = sum(path.stat().st_size for path in paths)
    records = {}
    done = 0
    for path in paths:

        def report(read: int, before: int = done) -> None:
            progress("verify", before + read, total)

        records[path.name] = file_record(path, report)
        done += records[path.name].bytes
    return records


def file_record(path: Path, report: Callable[[int], None]) -> FileRecord:
    """Size and sha256 of a file; `report` gets the bytes read so far."""
    with path.open("rb") as file:
        return FileRecord(*sha256(file, report))
