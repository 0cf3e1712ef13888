"""Reading the header of a safetensors file, exactly as strictly as its authors do.

The Rust library decides whether a file is valid and what it holds. Offsets follow
from that: it only accepts tensors that fill the file's data without holes.
"""

import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from backends.weights_damage import weights_damage

from .errors import ConversionError, reason, shown
from .names import plain_names

# Forty times the header of the released model; bounds what a hostile one can cost.
MAX_HEADER_BYTES = 10_000_000

BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
    "C64": 64,
}

REFUSED_SUFFIXES = frozenset(
    {
        ".bin",
        ".pt",
        ".pth",
        ".ckpt",
        ".pkl",
        ".pickle",
        ".ggml",
        ".npz",
        ".npy",
        ".h5",
        ".onnx",
    }
)


@dataclass(frozen=True)
class TensorInfo:
    """One tensor: safetensors dtype, shape, and its bytes' place in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    nbytes: int


@dataclass(frozen=True)
class Header:
    """What a safetensors file holds; tensors are in the order of their bytes.

    Their names are without the prefixes that training tools add.
    """

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    file_bytes: int


def read_header(path: Path) -> Header:
    """Check a safetensors file and list its tensors without reading their values.

    Raises `ConversionError` naming the file when it cannot be read, is of another
    format, is not valid, or has a header above `MAX_HEADER_BYTES`.
    """
    with open_checkpoint(path) as checkpoint:
        return checkpoint.header


@dataclass(frozen=True)
class Checkpoint:
    """An open checkpoint: its file for reading values, and its checked header."""

    name: str
    file: BinaryIO
    header: Header
    state: tuple[int, int, int, int]

    def check_unchanged(self) -> None:
        """Raise `ConversionError` if the file was changed since it was opened."""
        if _state(os.fstat(self.file.fileno())) != self.state:
            raise _changed(self.name)


@contextmanager
def open_checkpoint(path: Path) -> Iterator[Checkpoint]:
    """Open a safetensors file once for header and values.

    Raises `ConversionError` as `read_header` does.
    """
    with ExitStack() as stack:
        # What the caller's block raises is not an error of this file.
        checkpoint = _open(path, stack)
        yield checkpoint


def _open(path: Path, stack: ExitStack) -> Checkpoint:
    _refuse_other_formats(path)
    try:
        # A named pipe would block an open; only regular files are opened.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConversionError(f"{shown(path.name)} is not a regular file.")
        file = stack.enter_context(path.open("rb"))
        state = _state(os.fstat(file.fileno()))
        header = _header(path, file)
        header = replace(header, tensors=plain_names(header.tensors))
        if _state(os.stat(path)) != state:
            raise _changed(path.name)
    except FileNotFoundError as error:
        what = "is a link that leads nowhere" if path.is_symlink() else "does not exist"
        raise ConversionError(f"{shown(str(path))} {what}.") from error
    except (OSError, ValueError) as error:
        detail = reason(error) if isinstance(error, OSError) else "bad file name"
        raise ConversionError(
            f"{shown(path.name)} cannot be read: {detail}."
        ) from error
    return Checkpoint(path.name, file, header, state)


def _header(path: Path, file: BinaryIO) -> Header:
    from safetensors import SafetensorError, safe_open

    total = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if MAX_HEADER_BYTES < length <= total - 8:
        raise ConversionError(
            f"{shown(path.name)} has a header of {length:,} bytes; "
            f"at most {MAX_HEADER_BYTES:,} are read."
        )
    try:
        with safe_open(str(path), framework="numpy") as opened:
            metadata = opened.metadata() or {}
            views = [(name, opened.get_slice(name)) for name in opened.offset_keys()]
            listed = [(name, v.get_dtype(), tuple(v.get_shape())) for name, v in views]
    except SafetensorError as error:
        clause = weights_damage(path, error)
        raise ConversionError(f"{shown(path.name)} {clause}.") from error
    tensors: dict[str, TensorInfo] = {}
    start = 8 + length
    for name, dtype, shape in listed:
        if dtype not in BITS:
            raise ConversionError(
                f"{shown(path.name)}: {shown(name)} is of the unknown type {dtype}."
            )
        nbytes = math.prod(shape) * BITS[dtype] // 8
        tensors[name] = TensorInfo(dtype, shape, start, nbytes)
        start += nbytes
    return Header(tensors, metadata, total)


def _refuse_other_formats(path: Path) -> None:
    if path.suffix.lower() in REFUSED_SUFFIXES:
        raise ConversionError(
            f"{shown(path.name)} is a {path.suffix.lower()} file; only safetensors "
            "and GGUF files are read, because other formats can carry code or are "
            "unsafe."
        )


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _changed(name: str) -> ConversionError:
    return ConversionError(f"{shown(name)} was changed while it was read; start again.")
