"""Sources: a file, a directory, a repository of the Hub (a stand-in here)."""

import os
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from checkpoints import checkpoint_tensors, small_config, write_checkpoint

from converters import ConversionError, Source, convert, resolve_source


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The repositories that the Hub was asked for."""
    names: list[str] = []

    def model_info(self: Any, repository: str, **options: Any) -> Any:
        names.append(repository)
        raise AssertionError(repository)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    return names


def test_file_with_a_tokenizer_beside_it(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "tokenizer.json").write_bytes(tokenizer_file.read_bytes())
    found = resolve_source(str(checkpoint))
    assert found == Source(
        "file", checkpoint.name, checkpoint, tmp_path / "tokenizer.json"
    )
    manifest = convert(found, tmp_path / "out")
    assert manifest.tokenizer.name == "tokenizer.json"
    assert convert(checkpoint, tmp_path / "out2").files == manifest.files


def test_directory(checkpoint: Path, tokenizer_file: Path, tmp_path: Path) -> None:
    (tmp_path / "20B_tokenizer.json").write_bytes(tokenizer_file.read_bytes())
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    manifest = convert(tmp_path, tmp_path / "models" / "m")
    assert manifest.source.kind == "directory"
    assert manifest.source.name == tmp_path.name
    assert manifest.source.file == checkpoint.name
    assert manifest.tokenizer.file == "20B_tokenizer.json"
    assert (tmp_path / "models" / "m" / "tokenizer.json").exists()


def test_tokenizers_in_order(tmp_path: Path, checkpoint: Path) -> None:
    for name in ("tokenizer.model", "20B_tokenizer.json", "tokenizer.json"):
        (tmp_path / name).write_text("x")
        assert resolve_source(tmp_path).tokenizer == tmp_path / name


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no safetensors or GGUF file"),
        (["pytorch_model.bin"], "only pytorch_model.bin"),
        (["a.gguf", "b.gguf", "x.bin"], r"several GGUF files \(a.gguf, b.gguf\)"),
        (["a.safetensors", "b.safetensors"], r"\(a.safetensors, b.safetensors\)"),
        (
            ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"],
            "several parts",
        ),
        (["m-00001-of-00001.safetensors"], "several parts"),
        (["a.safetensors", "b.safetensors", "c.safetensors.index.json"], "parts"),
        (["manifest.json", "config.json", "model.safetensors"], "converted model"),
    ],
)
def test_unclear_directories(
    names: list[str], message: str, tmp_path: Path, tokenizer_file: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in names:
        (source / name).write_bytes(b"")
    with pytest.raises(ConversionError, match=message) as caught:
        convert(source, tmp_path / "out", tokenizer=tokenizer_file)
    assert len(caught.value.problems) == 1
    assert os.listdir(tmp_path) == ["source"]


def test_one_of_several_files(tmp_path: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        (tmp_path / name).write_bytes(b"")
    found = resolve_source(tmp_path, file="b.safetensors")
    assert found.weights == tmp_path / "b.safetensors"
    with pytest.raises(ConversionError, match="has no file c"):
        resolve_source(tmp_path, file="c.safetensors")
    with pytest.raises(ConversionError, match="leave --file away"):
        resolve_source(tmp_path / "a.safetensors", file="b.safetensors")


STRANGE = [
    "",
    " ",
    "a",
    "a/b/c",
    "a//b",
    "/a/b",
    "./a/b",
    "../a",
    "a/..",
    "../../etc/passwd",
    "..%2f..%2fetc/passwd",
    "~/a",
    "~root/a",
    "a\\b",
    "..\\..\\a/b",
    "\\\\server\\share",
    "C:\\a",
    "C:/a",
    "a/b\0c",
    "a/b\n",
    "a/b\x1b[2J",
    "a/.b",
    ".a/b",
    "a/b.",
    "a./b",
    "a/b-",
    "-a/b",
    "--help/x",
    "a/--b",
    "a/b--c",
    "a/b..c",
    "a/b.git",
    "a/b.safetensors",
    "a/b.bin",
    "a/b.gguf",
    "\u2024\u2024/a",
    "a/\uff0e\uff0e",
    "\u0430/b",
    "a/b c",
    "a/b:c",
    "a/b?x=1",
    "a/b#c",
    "https://host/a/b",
    "file:///etc/passwd",
    "a/b@",
    "a/b@..",
    "a/b@../main",
    "a/b@main/../../x",
    "a/b@-x",
    "a/b@/abs",
    "a/b@x y",
    "a/b@x\0",
    "a/b@x\ny",
    "a/b@x:y",
    "a/b@x\\y",
    "a/b@~x",
    "a/b@\u2024\u2024",
    "a/b@@x",
    "@a/b",
    "a@b/c",
]


@pytest.mark.parametrize("text", STRANGE)
def test_sixty_names_that_lead_nowhere(
    text: str, tmp_path: Path, asked: list[str]
) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(text, tmp_path / "out")
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].isprintable()
    assert asked == []
    assert os.listdir(tmp_path) == []


def test_there_are_sixty() -> None:
    assert len(STRANGE) == 60


def test_what_exists_on_disk_is_taken_first(
    asked: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tokenizer_file: Path,
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    config = small_config()
    path = tmp_path / "a" / "b" / "m.safetensors"
    write_checkpoint(path, config, checkpoint_tensors(config))
    monkeypatch.chdir(tmp_path)
    assert resolve_source("a/b").kind == "directory"
    assert asked == []
