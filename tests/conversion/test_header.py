"""Headers: accepted and refused exactly as the safetensors library itself does."""

import json
import os
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from checkpoints import Stored, write_checkpoint
from safetensors import SafetensorError, safe_open

from converters import ConversionError, convert
from converters.header import MAX_HEADER_BYTES, REFUSED_SUFFIXES, read_header

MUTANTS, FEW = 20_000, 2_000
TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
DATA = b"\0\0\x80?" * 2


def rust_accepts(path: Path) -> bool:
    try:
        with safe_open(str(path), framework="numpy"):
            return True
    except (SafetensorError, OSError):
        return False


def file_of(header: Any, data: bytes = DATA, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def changed(**fields: Any) -> bytes:
    return file_of({"a": {**TENSOR, **fields}})


def second(**fields: Any) -> bytes:
    other = {"dtype": "F32", "shape": [2], "data_offsets": [8, 16], **fields}
    return file_of({"a": TENSOR, "b": other}, DATA * 2)


MALFORMED = {
    "empty file": b"",
    "seven bytes": b"\0" * 7,
    "length zero": struct.pack("<Q", 0),
    "length beyond the file": file_of({"a": TENSOR}, length=10_000),
    "length of 2**63": file_of({"a": TENSOR}, length=2**63),
    "length of 2**64 - 1": file_of({"a": TENSOR}, length=2**64 - 1),
    "length above the limit": file_of({"a": TENSOR}, length=100_000_001),
    "length one too small": file_of({"a": TENSOR}, length=len(json.dumps(TENSOR))),
    "not JSON": file_of(b"hello, world"),
    "not UTF-8": file_of(b'{"\xff\xfe": 1}'),
    "JSON array": file_of(b"[1, 2, 3]"),
    "JSON number": file_of(b"12345678"),
    "nested too deeply": file_of(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "pickle": b"\x80\x02}q\0X\x01\0\0\0aq\x01K\x01s.",
    "zip archive": b"PK\x03\x04" + b"\0" * 60,
    "dtype unknown": changed(dtype="F31"),
    "dtype in lower case": changed(dtype="f32"),
    "dtype missing": file_of({"a": {"shape": [2], "data_offsets": [0, 8]}}),
    "shape missing": file_of({"a": {"dtype": "F32", "data_offsets": [0, 8]}}),
    "shape negative": changed(shape=[-2]),
    "shape fractional": changed(shape=[2.0]),
    "shape overflows": changed(shape=[2**33, 2**33]),
    "shape does not fit the data": changed(shape=[3]),
    "offsets missing": file_of({"a": {"dtype": "F32", "shape": [2]}}),
    "offsets reversed": changed(data_offsets=[8, 0]),
    "offsets negative": changed(data_offsets=[-8, 0]),
    "offsets fractional": changed(data_offsets=[0.0, 8.5]),
    "offsets of three numbers": changed(data_offsets=[0, 4, 8]),
    "offsets beyond the file": changed(shape=[4], data_offsets=[0, 16]),
    "tensors overlap": second(data_offsets=[4, 12]),
    "tensors share their data": second(data_offsets=[0, 8]),
    "hole between tensors": second(shape=[1], data_offsets=[12, 16]),
    "hole before the first": changed(shape=[1], data_offsets=[4, 8]),
    "trailing bytes": file_of({"a": TENSOR}, DATA + b"PK\x05\x06"),
    "data cut short": file_of({"a": TENSOR}, DATA[:5]),
    "metadata not strings": file_of({"__metadata__": {"x": 1}, "a": TENSOR}),
    "metadata an array": file_of({"__metadata__": ["x"], "a": TENSOR}),
}
UNUSUAL = {
    "no tensors": file_of({}, b""),
    "metadata null": file_of({"__metadata__": None, "a": TENSOR}),
    "tensor as an array": file_of(b'{"a":["F32",[2],[0,8]]}'),
    "unknown fields": changed(colour="red"),
    "padding behind the header": file_of(json.dumps({"a": TENSOR}).encode() + b" " * 9),
    "empty tensor first": second(shape=[0], data_offsets=[0, 0])[:-8],
    "name with controls": file_of({"\x1b[31m\n": TENSOR}),
    "a name twice": file_of(
        f'{{"a":{json.dumps(TENSOR)},"a":{json.dumps(TENSOR)}}}'.encode()
    ),
}


def test_there_are_thirty() -> None:
    assert len(MALFORMED) >= 30


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_are_refused(
    name: str, tmp_path: Path, tokenizer_file: Path
) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(MALFORMED[name])
    assert not rust_accepts(path)
    with pytest.raises(ConversionError) as caught:
        convert(path, tmp_path / "models" / "out", tokenizer=tokenizer_file)
    assert len(caught.value.problems) == 1
    assert "bad.safetensors" in caught.value.problems[0]
    assert caught.value.problems[0].isprintable()
    assert os.listdir(tmp_path) == ["bad.safetensors"]


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_files_are_read_as_the_library_reads_them(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "odd.safetensors"
    path.write_bytes(UNUSUAL[name])
    assert rust_accepts(path)
    header = read_header(path)
    with safe_open(str(path), framework="numpy") as file:
        assert list(header.tensors) == file.offset_keys()
        for key, info in header.tensors.items():
            view = file.get_slice(key)
            assert info.dtype == view.get_dtype()
            assert list(info.shape) == view.get_shape()
            data = path.read_bytes()[info.start : info.start + info.nbytes]
            assert data == file.get_tensor(key).tobytes()
    with pytest.raises(ConversionError):
        convert(path, tmp_path / "out", tokenizer=tmp_path / "none")
    assert os.listdir(tmp_path) == ["odd.safetensors"]


@pytest.mark.parametrize("count", [FEW, pytest.param(MUTANTS, marks=pytest.mark.slow)])
def test_header_mutants(
    count: int,
    tmp_path: Path,
    config: dict[str, Any],
    tensors: dict[str, Stored],
    tokenizer_file: Path,
) -> None:
    """Every mutant: refused if the library refuses it, and nothing is written."""
    rng = random.Random(20_000)
    small = {name: tensors[name] for name in list(tensors)[:6]}
    path = write_checkpoint(tmp_path / "mutant.safetensors", config, small)
    original = path.read_bytes()
    end = 8 + struct.unpack_from("<Q", original)[0]
    out = tmp_path / "out"
    accepted = 0
    for number in range(count):
        overwrite(path, mutate(original, end, rng))
        if rust_accepts(path):
            accepted += 1
            read_header(path)
        else:
            with pytest.raises(ConversionError):
                read_header(path)
        # None of these six tensors is a whole model, so each must be refused.
        with pytest.raises(ConversionError) as caught:
            convert(path, out, tokenizer=tokenizer_file)
        assert str(caught.value), number
    assert count / 200 < accepted < count
    assert os.listdir(tmp_path) == ["mutant.safetensors"]


def overwrite(path: Path, data: bytes) -> None:
    """In place: emptied first, ext4 would write each mutant to the disk."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def mutate(data: bytes, end: int, rng: random.Random) -> bytes:
    """One to three edits of the length and header, sometimes of the file's end."""
    text = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(8, end)
        kind = rng.randrange(8)
        if kind == 0:
            text[rng.randrange(8)] = rng.randrange(256)
        elif kind == 1:
            text[at] = rng.randrange(256)
        elif kind == 2:
            text[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            digits = [i for i in range(8, end) if chr(text[i]).isdigit()]
            text[rng.choice(digits)] = rng.choice(b"0123456789-.e")
        elif kind == 4:
            length = rng.randint(1, 30)
            other = rng.randrange(8, end - length)
            text[at : at + length] = text[other : other + length]
        elif kind == 5:
            text[at] = rng.choice(b'{}[]",: ')
        elif kind == 6:
            del text[rng.randrange(end, len(text)) :]
        else:
            text += bytes(rng.randrange(1, 9))
    return bytes(text)


def test_header_size_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    padding = b" " * MAX_HEADER_BYTES
    path.write_bytes(file_of(json.dumps({"a": TENSOR}).encode() + padding))
    assert rust_accepts(path)
    with pytest.raises(ConversionError, match=r"large\.safetensors has a header of"):
        read_header(path)


@pytest.mark.parametrize("suffix", sorted(REFUSED_SUFFIXES))
def test_other_formats_are_refused(
    suffix: str, tmp_path: Path, checkpoint: Path, tokenizer_file: Path
) -> None:
    path = checkpoint.rename(tmp_path / f"model{suffix}")
    with pytest.raises(
        ConversionError, match="only safetensors and GGUF files are read"
    ):
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    for name in ("pipe.safetensors", "missing.safetensors", "a\0b", "."):
        with pytest.raises(ConversionError) as caught:
            read_header(tmp_path / name)
        assert len(caught.value.problems) == 1


def test_values_are_not_read(tmp_path: Path) -> None:
    """A file of 10 GB, nearly all of it a hole, is answered for at once."""
    size = 10_000_000_000
    header = {"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    path = tmp_path / "huge.safetensors"
    path.write_bytes(file_of(header, b""))
    os.truncate(path, path.stat().st_size + size)
    assert read_header(path).tensors["a"].nbytes == size


def test_change_while_reading_is_noticed(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    def overwrite(stage: str, done: int, total: int) -> None:
        if stage == "write":
            with checkpoint.open("r+b") as file:
                file.seek(-4, os.SEEK_END)
                file.write(b"\0\0\0\0")
            os.utime(checkpoint, ns=(1, 1))

    with pytest.raises(ConversionError, match="was changed while it was read"):
        convert(
            checkpoint, tmp_path / "out", tokenizer=tokenizer_file, progress=overwrite
        )
    assert os.listdir(tmp_path) == [checkpoint.name]
