"""Pulling from the Hub, with a stand-in for its library: no connection is made."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from terminal import call

RELEASED = "guiferrarib/genesis-152m-instruct"
RELEASED_FILE = "genesis_152m_instruct.safetensors"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
QUESTION = ("ask", "What is the capital of France?", "--temp", "0")


@pytest.fixture
def hub(
    assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[Any]]:
    """A Hub with the built-in checkpoint under the released one's name."""
    snapshot = tmp_path / "hub" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    checkpoint = (assets / "model.safetensors").read_bytes()
    (snapshot / RELEASED_FILE).write_bytes(checkpoint)
    (snapshot / "tokenizer.model").write_bytes(
        (assets / "tokenizer.model").read_bytes()
    )
    digest = hashlib.sha256(checkpoint).hexdigest()
    calls: dict[str, list[Any]] = {"asked": [], "downloaded": []}

    def model_info(self: Any, repository: str, **options: Any) -> Any:
        calls["asked"].append((repository, options.get("revision")))
        lfs = SimpleNamespace(sha256=digest)
        return SimpleNamespace(
            sha=COMMIT,
            siblings=[
                SimpleNamespace(rfilename=RELEASED_FILE, lfs=lfs),
                SimpleNamespace(rfilename="tokenizer.model", lfs=None),
            ],
        )

    def download(repository: str, name: str, **options: Any) -> str:
        calls["downloaded"].append((repository, name, options["revision"]))
        return str(snapshot / name)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return calls


def test_pulled_model_is_installed_and_answers(
    hub: dict[str, list[Any]], home: Path, run_here: Callable[..., int], capsys: Any
) -> None:
    assert run_here("models", "pull") == 0
    assert hub["asked"][0][0] == RELEASED
    assert (RELEASED, RELEASED_FILE, COMMIT) in hub["downloaded"]
    out, err = capsys.readouterr()
    assert out == "" and "genesis-152m-instruct" in err and "default" in err
    assert run_here(*QUESTION) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("The capital of France is Paris.\n", "")


def test_provenance_is_recorded(
    hub: dict[str, list[Any]], home: Path, run_here: Callable[..., int], capsys: Any
) -> None:
    assert run_here("models", "pull") == 0
    directory = home / "models" / "genesis-152m-instruct"
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    text = json.dumps(manifest)
    assert RELEASED in text and COMMIT in text and RELEASED_FILE in text
    for file in directory.iterdir():
        if file.name != "manifest.json":
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            assert digest in text, file.name
    capsys.readouterr()
    assert run_here("models", "info") == 0
    info = capsys.readouterr().out
    assert f"{RELEASED} at {COMMIT}" in info and RELEASED_FILE in info
    assert run_here("models", "verify") == 0


def test_other_repository_name_and_revision(
    hub: dict[str, list[Any]], home: Path, run_here: Callable[..., int]
) -> None:
    arguments = ("someone/Some_Model", "--revision", "v2", "--name", "mine")
    assert run_here("models", "pull", *arguments) == 0
    assert hub["asked"][0] == ("someone/Some_Model", "v2")
    assert (home / "models" / "mine").is_dir()
    assert run_here("models", "pull", "someone/Some_Model") == 0
    assert (home / "models" / "some_model").is_dir()


def test_pulling_again_downloads_nothing_without_force(
    hub: dict[str, list[Any]], run_here: Callable[..., int], capsys: Any
) -> None:
    assert run_here("models", "pull") == 0
    before = len(hub["downloaded"])
    capsys.readouterr()
    assert run_here("models", "pull") == 1
    assert "--force" in capsys.readouterr().err
    assert len(hub["downloaded"]) == before
    assert run_here("models", "pull", "--force", "--dtype", "float32") == 0


def test_convert_takes_a_repository(
    hub: dict[str, list[Any]], home: Path, run_here: Callable[..., int]
) -> None:
    assert run_here("models", "convert", RELEASED, "--name", "mine") == 0
    assert (home / "models" / "mine" / "manifest.json").is_file()


def test_offline_says_what_to_do(home: Path) -> None:
    result = call("models", "pull")
    assert (result.code, result.out) == (1, "")
    assert len(result.err.splitlines()) == 1
    for words in (RELEASED, "HF_HUB_OFFLINE", "path"):
        assert words in result.err
    assert sorted(p.name for p in (home / "models").iterdir()) == ["builtin"]


def test_no_network_says_what_to_do(
    home: Path,
    run_here: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    def fail(self: Any, repository: str, **options: Any) -> Any:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", fail)
    assert run_here("models", "pull") == 1
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "connect to the internet" in err


@pytest.mark.parametrize("name", ["not a repository", "a/b/c", "../x", "https://x/y"])
def test_names_that_are_no_repository(name: str, home: Path) -> None:
    result = call("models", "pull", name)
    assert result.code == 1 and result.out == ""
    assert result.err.startswith("Error: ") and "Unexpected" not in result.err
    assert sorted(p.name for p in (home / "models").iterdir()) == ["builtin"]
