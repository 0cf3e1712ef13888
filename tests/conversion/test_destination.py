"""The destination: checked first, replaced whole, left alone on any failure."""

import os
from pathlib import Path

import pytest

from converters import (
    ConversionError,
    DestinationExistsError,
    Manifest,
    convert,
    read_manifest,
    verify,
)


def test_existing_destination_is_refused(
    converted: Manifest, checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    directory = tmp_path / "models" / "small"
    before = (directory / "manifest.json").stat()
    with pytest.raises(DestinationExistsError, match="already exists"):
        convert(checkpoint, directory, tokenizer=tokenizer_file)
    assert (directory / "manifest.json").stat() == before


def test_replacing(
    converted: Manifest, checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    directory = tmp_path / "models" / "small"
    (directory / "left over").write_text("x")
    manifest = convert(
        checkpoint, directory, tokenizer=tokenizer_file, quantize=8, replace=True
    )
    assert read_manifest(directory) == manifest
    assert verify(directory) == []
    assert not (directory / "left over").exists()
    assert os.listdir(tmp_path / "models") == ["small"]


def test_failed_replacement_leaves_the_old_model(
    converted: Manifest, tmp_path: Path, tokenizer_file: Path
) -> None:
    directory = tmp_path / "models" / "small"
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with pytest.raises(ConversionError):
        convert(bad, directory, tokenizer=tokenizer_file, replace=True)
    assert read_manifest(directory) == converted
    assert verify(directory) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        ".hidden",
        "a\0b",
        "link",
        "file",
        "x/..",
        "x" * 250,
        "x" * 300,
    ],
)
def test_bad_destinations(
    name: str, tmp_path: Path, checkpoint: Path, tokenizer_file: Path
) -> None:
    (tmp_path / "secret").mkdir()
    os.symlink(tmp_path / "secret", tmp_path / "link")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "x").mkdir()
    before = sorted(tmp_path.rglob("*"))
    path = f"{tmp_path}/{name}" if name.strip() else name
    with pytest.raises(ConversionError):
        convert(checkpoint, Path(path) if path else path, tokenizer=tokenizer_file)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_interrupt_leaves_nothing(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "write" and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(
            checkpoint,
            tmp_path / "new" / "models" / "out",
            tokenizer=tokenizer_file,
            progress=interrupt,
        )
    assert os.listdir(tmp_path) == [checkpoint.name]
