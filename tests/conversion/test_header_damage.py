"""What is told of a file whose header is damaged, and what to do about it."""

import struct
import tracemalloc
from pathlib import Path

import pytest
from checkpoints import small_config

from backends.errors import WeightsError
from backends.genesis.model_files import args_of, check_weights_file
from backends.weights_damage import weights_damage
from converters import ConversionError, convert
from converters.header import read_header

ADVICE: dict[bytes, str] = {
    b"version https://git-lfs.github.com/spec/v1\n": "`git lfs pull`.",
    b"<!doctype html>": "download that by its direct link.",
    b'{"error":"Unauthorized; log in"}': 'Unauthorized; log in"}; convert the model '
    "again.",
    b"": "safetensors is empty; convert the model again.",
}


@pytest.mark.parametrize("data", ADVICE, ids=range(len(ADVICE)))
def test_what_a_converted_model_is_told(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsError) as caught:
        check_weights_file(path, args_of(small_config()), None)
    assert str(caught.value).endswith(ADVICE[data])


# What a header's length spells: pickles, gzip, bzip2, a zip archive, a space before.
SPELLED = [*range(640, 1409, 256), 0x8B1F, 0x687A62, 0x04034B50, 0x028020]


@pytest.mark.parametrize("length", SPELLED)
def test_the_length_of_a_header_is_no_sign(length: int, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b'{"tok_emb.weight":{"dtype":"F32",')
    with pytest.raises(
        ConversionError, match=f"was cut short: its header has {length:,} bytes; down"
    ):
        read_header(path)


def test_a_header_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 120_000_000) + b'{"a":')
        file.truncate(130_000_000)
    tracemalloc.start()
    try:
        told = weights_damage(path, ValueError("header too large"))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert told.startswith("is not a valid safetensors file (header too large)")


def test_a_long_answer_of_a_server_keeps_its_advice(
    tmp_path: Path, tokenizer_file: Path
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b'{"error":"%b"}' % (b"Access is restricted. \xc2\x85" * 12))
    with pytest.raises(ConversionError, match=r"….*; download it again\.$") as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert str(caught.value).isprintable()
