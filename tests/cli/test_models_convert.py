"""Converting through the command line: sources, destinations, forms, refusals."""

import json
import shutil
from pathlib import Path

import pytest
from checkpoints import (
    checkpoint_tensors,
    small_config,
    write_checkpoint,
    write_small_neox,
)
from terminal import Result, call

QUESTION = ("What is the capital of France?", "--temp", "0")
ANSWER = "The capital of France is Paris.\n"


def convert(*arguments: str | Path, code: int = 0) -> Result:
    result = call("models", "convert", *arguments)
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err and "Unexpected" not in result.err
    return result


def installed(home: Path) -> list[str]:
    return sorted(p.name for p in (home / "models").iterdir() if p.is_dir())


@pytest.mark.parametrize("by", ["file", "directory"])
def test_source_can_be_a_file_or_a_directory(by: str, assets: Path, home: Path) -> None:
    source = assets / "model.safetensors" if by == "file" else assets
    result = convert(source, "--name", "mine")
    assert "mine" in result.err and "default" in result.err
    assert installed(home) == ["builtin", "mine"]
    assert call(*QUESTION).out == ANSWER


def test_name_comes_from_the_source(assets: Path, home: Path) -> None:
    convert(assets)
    assert installed(home) == ["builtin", "genesis-nano"]


def test_output_directory_is_used_by_path(
    assets: Path, home: Path, tmp_path: Path
) -> None:
    convert(assets, "--output", tmp_path / "out")
    assert installed(home) == ["builtin"]
    assert call(*QUESTION, "-m", tmp_path / "out").out == ANSWER


def test_force_replaces_models_only(assets: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    convert(assets, "--output", folder)
    convert(assets, "--output", folder, "--force", "--dtype", "float32")
    assert "float32" in call("models", "info", folder).out
    for path in folder.iterdir():
        path.unlink()
    (folder / "precious").write_text("x", encoding="utf-8")
    convert(assets, "--output", folder, "--force", code=1)
    assert (folder / "precious").read_text(encoding="utf-8") == "x"


def test_printed_command_works_for_a_plain_name(assets: Path, tmp_path: Path) -> None:
    result = call("models", "convert", assets, "--output", "out", cwd=tmp_path)
    printed = result.err.split("-m ")[1].split()[0]
    asked = call(*QUESTION, "-m", printed, cwd=tmp_path)
    assert (asked.code, asked.out) == (0, ANSWER)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_dtype(dtype: str, assets: Path) -> None:
    convert(assets, "--name", "mine", "--dtype", dtype)
    assert dtype in call("models", "info", "mine").out
    assert call(*QUESTION).out == ANSWER


@pytest.mark.parametrize("bits", ["4", "8"])
def test_quantised(bits: str, assets: Path, home: Path) -> None:
    convert(assets, "--name", "mine", "--quantize", bits)
    info = call("models", "info", "mine").out
    assert f"{bits}-bit" in info or f"{bits} bit" in info
    sizes = [
        (home / "models" / name / "model.safetensors").stat().st_size
        for name in ("mine", "builtin")
    ]
    assert sizes[0] < sizes[1]
    assert call(*QUESTION).code == 0


def test_tokenizer_file(assets: Path, tmp_path: Path, home: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    shutil.copy(assets / "model.safetensors", alone)
    convert(alone, "--tokenizer", assets / "tokenizer.model")
    assert installed(home) == ["alone", "builtin"]
    assert call(*QUESTION).out == ANSWER


def test_missing_tokenizer_offline(assets: Path, tmp_path: Path, home: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    shutil.copy(assets / "model.safetensors", alone)
    result = convert(alone, code=1)
    assert "--tokenizer" in result.err
    assert installed(home) == ["builtin"]


def test_existing_model_is_replaced_only_when_forced(assets: Path, home: Path) -> None:
    convert(assets, "--name", "mine")
    before = (home / "models" / "mine" / "manifest.json").read_bytes()
    result = convert(assets, "--name", "mine", "--dtype", "float32", code=1)
    assert "--force" in result.err
    assert (home / "models" / "mine" / "manifest.json").read_bytes() == before
    convert(assets, "--name", "mine", "--dtype", "float32", "--force")
    assert (home / "models" / "mine" / "manifest.json").read_bytes() != before


def test_existing_output_is_refused(assets: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x", encoding="utf-8")
    result = convert(assets, "--output", tmp_path / "out", code=1)
    assert "--force" in result.err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["precious"]


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".x", "-x", "default", "x" * 65])
def test_bad_names(name: str, assets: Path, home: Path) -> None:
    result = convert(assets, f"--name={name}", code=2)
    assert "name" in result.err
    assert installed(home) == ["builtin"]


def test_builtin_name_is_reserved(assets: Path, home: Path) -> None:
    before = (home / "models" / "builtin" / "manifest.json").read_bytes()
    result = call("models", "convert", assets, "--name", "builtin", "--force")
    assert result.code == 2, result.err
    assert (home / "models" / "builtin" / "manifest.json").read_bytes() == before


def test_name_and_output_exclude_each_other(assets: Path, tmp_path: Path) -> None:
    result = convert(assets, "--name", "x", "--output", tmp_path / "out", code=2)
    assert "--name" in result.err and "--output" in result.err


@pytest.mark.parametrize("value", ["2", "16", "x"])
def test_bad_quantize(value: str, assets: Path) -> None:
    assert "--quantize" in convert(assets, "--quantize", value, code=2).err


def test_bad_sources(tmp_path: Path, home: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"\x08\0\0\0\0\0\0\0{notjson")
    empty = tmp_path / "empty"
    empty.mkdir()
    for source in (damaged, empty, tmp_path / "absent.safetensors"):
        result = convert(source, code=1)
        assert source.name in result.err
        assert len(result.err.splitlines()) == 1
    assert installed(home) == ["builtin"]


def test_assumed_configuration_is_said(tmp_path: Path) -> None:
    config = small_config()
    file = write_checkpoint(
        tmp_path / "bare.safetensors", None, checkpoint_tensors(config)
    )
    write_small_neox(tmp_path / "tokenizer.json")
    convert(file, "--name", "bare", "--accept-unknown")
    info = call("models", "info", "bare")
    assert info.code == 0, info.err
    assert "ASSUMED" in info.out
    facts = json.loads(call("models", "info", "bare", "--json").out)
    assert facts["manifest"]["configuration"] != "metadata"
