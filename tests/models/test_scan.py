"""`models scan`: imitations of what other programs keep."""

import hashlib
import json
import os
import shlex
from pathlib import Path

import ggufs
import pytest
from terminal import call

HOST = "registry.ollama.ai"


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of nobody's, in which programs look for theirs."""
    for name in ("OLLAMA_MODELS", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(
        "genesis_chat.models.scan.SYSTEM_FOLDER", tmp_path / "person" / "none"
    )
    return tmp_path / "person"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    ggufs.write(tmp_path / "tiny.gguf", kind="Q4_0")
    return tmp_path / "tiny.gguf"


def put(model: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.read_bytes())


def ollama(model: Path, folder: Path, *name: str) -> Path:
    data = model.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:00"},
        {
            "mediaType": "application/vnd.ollama.image.model",
            "digest": f"sha256:{digest}",
            "size": len(data),
        },
    ]
    manifest = folder.joinpath("manifests", *name)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    put(model, folder / "blobs" / f"sha256-{digest}")
    return folder / "blobs" / f"sha256-{digest}"


def rows() -> list[dict[str, object]]:
    result = call("models", "scan", "--json")
    assert result.code == 0, result.err
    found: list[dict[str, object]] = json.loads(result.out)
    return found


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }


def test_nothing_there(person: Path) -> None:
    assert rows() == []
    assert call("models", "scan").out == "No GGUF files of other programs found.\n"


def test_every_program(person: Path, model: Path) -> None:
    blob = ollama(model, person / ".ollama" / "models", HOST, "library", "tiny", "1b")
    ollama_2 = person / ".ollama" / "models" / "manifests" / "hub" / "me" / "x"
    ollama_2.mkdir(parents=True)
    (ollama_2 / "latest").write_text("{ damaged")
    places = {
        "LM Studio": person / ".lmstudio" / "models" / "maker" / "a b" / "M-Q4.gguf",
        "llama.cpp": person / ".cache" / "llama.cpp" / "maker_m.gguf",
        "GPT4All": person / ".local/share/nomic.ai/GPT4All" / "m.gguf",
        "Hugging Face": person
        / ".cache/huggingface/hub/models--a--b/snapshots/1/m.gguf",
    }
    for path in places.values():
        put(model, path)
    before = tree(person)
    found = rows()
    assert tree(person) == before
    by = {row["program"]: row for row in found}
    assert by.keys() == {"Ollama", *places}
    assert by["Ollama"]["name"] == "tiny:1b"
    assert by["Ollama"]["path"] == str(blob)
    assert by["LM Studio"]["name"] == os.path.join("maker", "a b", "M-Q4.gguf")
    for row in found:
        assert row["architecture"] == "llama" and row["quantization"] == "Q4_0"
        assert row["bytes"] == model.stat().st_size and row["convertible"] is True


def test_the_command_it_prints_works(
    person: Path, model: Path, private_home: Path
) -> None:
    put(model, person / ".lmstudio" / "models" / "it's a" / "My Model.gguf")
    printed = call("models", "scan").out.splitlines()[1].strip()
    program, *arguments = shlex.split(printed)
    assert program == "genesis-chat"
    assert call(*arguments).code == 0
    assert (private_home / "models" / "my-model" / "manifest.json").is_file()


def test_what_cannot_be_converted_says_why(person: Path, tmp_path: Path) -> None:
    folder = person / ".cache" / "lm-studio" / "models"
    ggufs.write(tmp_path / "t.gguf", "gemma3")
    put(tmp_path / "t.gguf", folder / "gemma.gguf")
    folder.joinpath("junk.gguf").write_bytes(b"GGUF\x03\0\0\0")
    ggufs.vocabulary_only(folder / "vocab.gguf", lambda w: ggufs.add_byte_level(w))
    folder.joinpath("folder.gguf").mkdir()
    folder.joinpath("gone.gguf").symlink_to(tmp_path / "nowhere")
    found = {row["name"]: row for row in rows()}
    assert found.keys() == {"gemma.gguf", "junk.gguf", "vocab.gguf"}
    assert "gemma3" in str(found["gemma.gguf"]["problem"])
    assert "cut short" in str(found["junk.gguf"]["problem"])
    assert "vocabulary" in str(found["vocab.gguf"]["problem"])
    assert not any("command" in row for row in found.values())
    assert call("models", "scan").out.count("Cannot be converted: ") == 3


def test_one_file_comes_once(person: Path, model: Path) -> None:
    folder = person / ".ollama" / "models"
    ollama(model, folder, HOST, "library", "tiny", "1b")
    ollama(model, folder, HOST, "library", "tiny", "latest")
    loop = person / ".lmstudio" / "models"
    loop.mkdir(parents=True)
    (loop / "up").symlink_to(loop)
    (loop / "link.gguf").symlink_to(next((folder / "blobs").iterdir()))
    assert [row["program"] for row in rows()] == ["Ollama"]


def test_folders_that_were_chosen(
    person: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "mine"))
    ollama(model, tmp_path / "mine", "hub.example", "me", "tiny", "latest")
    (row,) = rows()
    assert row["name"] == "hub.example/me/tiny:latest"
    assert str(row["command"]).endswith("--name tiny")


def test_names_from_elsewhere_are_shown_safely(person: Path, model: Path) -> None:
    put(model, person / ".lmstudio" / "models" / "a\x1b]0;x\x07" / "m.gguf")
    out = call("models", "scan").out
    assert "\x1b" not in out and "\x07" not in out
