"""The manifest: complete, checked, and true of the files beside it."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from converters import ConversionError, Manifest, convert, read_manifest, verify


@pytest.fixture
def model(checkpoint: Path, tmp_path: Path, tokenizer_file: Path) -> Path:
    convert(checkpoint, tmp_path / "m", tokenizer=tokenizer_file)
    return tmp_path / "m"


def test_every_flipped_byte_is_found(model: Path) -> None:
    rng = random.Random(5)
    for path in sorted(model.iterdir()):
        if path.name == "manifest.json":
            continue
        data = path.read_bytes()
        for _ in range(20):
            at = rng.randrange(len(data))
            path.write_bytes(
                data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            )
            problems = verify(model)
            assert len(problems) == 1
            assert problems[0].startswith(f"{path.name} was changed")
        path.write_bytes(data)
    assert verify(model) == []


def test_truncated_and_missing_files_are_found(model: Path) -> None:
    os.truncate(model / "model.safetensors", 1000)
    (model / "config.json").unlink()
    (model / "tokenizer.json").unlink()
    (model / "tokenizer.json").mkdir()
    problems = verify(model)
    assert len(problems) == 3
    assert any("has 1,000 bytes instead of" in problem for problem in problems)
    assert any(problem == "config.json is missing." for problem in problems)


def test_progress_of_verification(model: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    verify(model, lambda *report: seen.append(report))
    assert {stage for stage, _, _ in seen} == {"verify"}
    assert seen[-1][1] == seen[-1][2]


def test_directory_without_manifest(tmp_path: Path) -> None:
    assert len(verify(tmp_path)) == 1
    with pytest.raises(ConversionError, match=r"no converted model"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format": 1}',
        "[" * 100_000,
        "x" * 2_000_000,
    ],
)
def test_damaged_manifest(text: str, model: Path) -> None:
    (model / "manifest.json").write_text(text)
    (problem,) = verify(model)
    assert "is damaged; convert the model again." in problem


def edited(model: Path, **changes: Any) -> list[str]:
    path = model / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))
    return verify(model)


def test_newer_manifest(model: Path) -> None:
    (problem,) = edited(model, format=3)
    assert "has format 3" in problem
    assert "update the program" in problem


@pytest.mark.parametrize(
    "name",
    [
        "../m/config.json",
        "/etc/passwd",
        "..",
        "",
        "a/b",
        "a\\b",
        "a\0b",
        "a\udcff",
        "x" * 256,
        "\u00e9" * 128,
    ],
)
def test_manifest_cannot_lead_elsewhere(name: str, model: Path) -> None:
    files = json.loads((model / "manifest.json").read_text())["files"]
    (problem,) = edited(model, files={**files, name: {"bytes": 1, "sha256": "0"}})
    assert "is damaged" in problem


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_manifest_lists_a_whole_model(name: str, model: Path) -> None:
    files = json.loads((model / "manifest.json").read_text())["files"]
    del files[name]
    (problem,) = edited(model, files=files)
    assert "is damaged" in problem
    with pytest.raises(ConversionError, match="is damaged"):
        read_manifest(model)


@pytest.mark.parametrize("number", [True, 1.0, "1", None])
def test_format_that_only_equals_this_one(number: Any, model: Path) -> None:
    (problem,) = edited(model, format=number)
    assert "has format" in problem


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {}},
        {"files": []},
        {"files": {"config.json": {"bytes": "1", "sha256": "0"}}},
        {"parameters": "many"},
        {"parameters": True},
        {"source": None},
        {"corrected": 3},
        {"corrected": "n_head"},
        {"left_out": [3]},
        {"parameters": -1},
        {"parameters": 10**400},
        {"quantization": True},
        {"configuration": "guessed"},
        {"configuration": []},
        {"tokenizer_kind": []},
        {"tokenizer_kind": "sentencepiece"},
        {"name": None},
    ],
)
def test_fields_of_another_type(changes: dict[str, Any], model: Path) -> None:
    (problem,) = edited(model, **changes)
    assert "is damaged" in problem


def test_unknown_fields_are_for_later_versions(model: Path) -> None:
    before = read_manifest(model)
    assert edited(model, note="hello") == []
    assert read_manifest(model) == before


def test_manifest_says_what_was_done(
    checkpoint: Path, tmp_path: Path, tokenizer_file: Path
) -> None:
    manifest: Manifest = convert(
        checkpoint,
        tmp_path / "out",
        tokenizer=tokenizer_file,
        dtype="float16",
        quantize=4,
        name="pet name",
    )
    content = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert content["format"] == 1
    assert content["name"] == "pet name"
    assert content["dtype"] == "float16"
    assert content["quantization"] == 4
    assert content["configuration"] == "metadata"
    assert content["source"]["file"] == checkpoint.name
    assert content["source"]["revision"] is None
    assert content["tokenizer"]["sha256"] == manifest.files["tokenizer.json"].sha256
    assert content["created"].endswith("+00:00")
    assert content["converter"]


def test_genesis_models_keep_the_first_format(model: Path) -> None:
    content = json.loads((model / "manifest.json").read_text())
    assert content["format"] == 1
    assert not {"family", "license", "stored_as"} & content.keys()
    assert read_manifest(model).family == "genesis"
