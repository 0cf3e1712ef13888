"""Why a file of weights cannot be read, as whoever has to get it again is told."""

import json
import stat
from pathlib import Path

from .errors import WeightsError
from .stand_ins import SNIFFED_BYTES, stand_in

PREFIX = "Error while deserializing header: "
AGAIN = "; get the model again"


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
            header = file.read(length) if length < status.st_size else b""
    except OSError as system:
        return f"cannot be read: {(system.strerror or str(system)).lower()}"
    ends = _end(header)
    if ends is not None and status.st_size != 8 + length + ends:
        what = "was cut short" if status.st_size < 8 + length + ends else "was changed"
        return (
            f"{what}: it has {status.st_size:,} bytes instead of "
            f"{8 + length + ends:,}; download it again"
        )
    # What begins a header, of which the rest has not come.
    if 8 < length < 1 << 27 and start[8:9] == b"{" and not header:
        return f"was cut short: its header has {length:,} bytes; download it again"
    reason = str(error).removeprefix(PREFIX)
    return f"is not a valid safetensors file ({reason}); download it again"


def damaged(path: Path, error: Exception) -> WeightsError:
    """The same as an error of a model that is used where it lies."""
    clause = weights_damage(path, error)
    return WeightsError(f"{path} {clause}{'' if ';' in clause else AGAIN}.")


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
