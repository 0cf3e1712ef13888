"""Why a file of weights cannot be read, as whoever has to get it again is told."""

import json
import stat
from pathlib import Path

from .errors import AGAIN, WeightsError, shown
from .stand_ins import DOWNLOAD, SNIFFED_BYTES, begins_safetensors, stand_in

PREFIX = "Error while deserializing header: "
# The library refuses longer ones.
LARGEST_HEADER_BYTES = 100_000_000


def weights_damage(path: Path, error: Exception) -> str:
    """What is wrong with a safetensors file that was refused, as a clause.

    `error` is the system's or the library's. Never raises.
    """
    if isinstance(error, FileNotFoundError):
        return "is a link that leads nowhere" if path.is_symlink() else "is missing"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "is not a regular file"
        with path.open("rb") as file:
            start = file.read(SNIFFED_BYTES)
            if clause := stand_in(start):
                return clause
            if isinstance(error, OSError):
                return f"cannot be read: {(error.strerror or str(error)).lower()}"
            file.seek(8)
            length = int.from_bytes(start[:8], "little")
            fits, whole = length <= LARGEST_HEADER_BYTES, 8 + length <= status.st_size
            header = file.read(length) if fits and whole else b""
    except OSError as system:
        return f"cannot be read: {(system.strerror or str(system)).lower()}"
    ends = _end(header)
    if ends is not None and status.st_size != 8 + length + ends:
        what = "was cut short" if status.st_size < 8 + length + ends else "was changed"
        return (
            f"{what}: it has {status.st_size:,} bytes instead of "
            f"{8 + length + ends:,}{DOWNLOAD}"
        )
    if begins_safetensors(start) and fits and not whole:
        return f"was cut short: its header has {length:,} bytes{DOWNLOAD}"
    reason = shown(str(error).removeprefix(PREFIX))
    return f"is not a valid safetensors file ({reason}){DOWNLOAD}"


def damaged(path: Path, error: Exception, again: str = AGAIN) -> WeightsError:
    """The same as an error; `again` tells how such a model is had once more."""
    clause = weights_damage(path, error)
    what = clause.removesuffix(DOWNLOAD)
    advised = what == clause and ";" in clause
    return WeightsError(f"{path} {clause if advised else what + again}.")


def _end(header: bytes) -> int | None:
    """How many bytes of values a header promises; None where it is none."""
    try:
        entries = json.loads(header)
        ends = [
            entry["data_offsets"][1]
            for name, entry in entries.items()
            if name != "__metadata__"
        ]
    except (ValueError, RecursionError, AttributeError, LookupError, TypeError):
        return None
    whole = ends and all(type(end) is int and 0 <= end < 1 << 60 for end in ends)
    return max(ends) if whole else None
