"""Repositories of the Hub, with a stand-in for its library: no connection is made."""

import errno
import hashlib
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import errors

from converters import ConversionError, convert, read_manifest, resolve_source

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """Stands in for the Hub library's three functions; files lie in a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.failure: Exception | None = None
        self.lfs = True
        self.calls: list[tuple[Any, ...]] = []

    def model_info(self, repository: str, **options: Any) -> Any:
        self.calls.append(("info", repository, options.get("revision")))
        if self.failure:
            raise self.failure
        if repository not in self.repositories:
            raise http_error(errors.RepositoryNotFoundError, 404)
        return SimpleNamespace(
            sha=COMMIT,
            siblings=[
                SimpleNamespace(rfilename=name, lfs=self.lfs_of(name, data))
                for name, data in self.repositories[repository].items()
            ],
        )

    def lfs_of(self, name: str, data: bytes) -> Any:
        if not self.lfs or not name.endswith(".safetensors"):
            return None
        return SimpleNamespace(sha256=hashlib.sha256(data).hexdigest())

    def place(self, repository: str, name: str) -> Path:
        folder = repository.replace("/", "--")
        return self.root / folder / "snapshots" / COMMIT / name

    def download(self, repository: str, name: str, **options: Any) -> str:
        self.calls.append(("download", repository, name, options["revision"]))
        path = self.place(repository, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = self.repositories[repository][name]
        path.write_bytes(data)
        bar = options["tqdm_class"](total=len(data), initial=0, name="x", unit="B")
        with bar:
            bar.update(len(data))
        return str(path)

    def cached(self, repository: str, name: str, **options: Any) -> str | None:
        path = self.place(repository, name)
        return str(path) if path.exists() else None

    def scan(self) -> Any:
        revision = SimpleNamespace(commit_hash=COMMIT, last_modified=0)
        return SimpleNamespace(
            repos=[
                SimpleNamespace(repo_id=name, repo_type="model", revisions=[revision])
                for name in self.repositories
            ]
        )


def http_error(kind: type[errors.HfHubHTTPError], status: int) -> Exception:
    response: Any = SimpleNamespace(headers={}, status_code=status, request=None)
    return kind("message", response=response)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub(tmp_path / "cache")
    monkeypatch.setattr(
        huggingface_hub.HfApi,
        "model_info",
        lambda self, *a, **k: fake.model_info(*a, **k),
    )
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fake.download)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", fake.cached)
    monkeypatch.setattr(huggingface_hub, "scan_cache_dir", fake.scan)
    return fake


@pytest.fixture
def checkpoint_bytes(checkpoint: Path) -> bytes:
    return checkpoint.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "../x.safetensors",
        "/x.safetensors",
        "a/../../x.safetensors",
        "..\\x.safetensors",
        "C:\\x.safetensors",
        "a//x.safetensors",
        "~/x.safetensors",
        "x\0.safetensors",
        "x\n.safetensors",
    ],
)
def test_file_names_of_the_hub_are_not_trusted(
    name: str, tmp_path: Path, hub: FakeHub
) -> None:
    hub.repositories["a/b"] = {name: b"x"}
    with pytest.raises(ConversionError, match="not a valid file name"):
        convert("a/b", tmp_path / "out")
    with pytest.raises(ConversionError, match="not a valid file name"):
        resolve_source("a/b", file=name)
    assert os.listdir(tmp_path) == []


def test_hub(
    hub: FakeHub, checkpoint_bytes: bytes, tokenizer_file: Path, tmp_path: Path
) -> None:
    hub.repositories["maker/model"] = {
        "README.md": b"",
        "weights.safetensors": checkpoint_bytes,
        "tokenizer.json": tokenizer_file.read_bytes(),
    }
    seen: list[tuple[str, int, int]] = []
    manifest = convert(
        "maker/model@v1",
        tmp_path / "out",
        progress=lambda *report: seen.append(report),
    )
    assert hub.calls[0] == ("info", "maker/model", "v1")
    # Both files come from the one commit that the revision stood for.
    assert {call[3] for call in hub.calls if call[0] == "download"} == {COMMIT}
    assert manifest.source.kind == "hub"
    assert manifest.source.name == "maker/model"
    assert manifest.source.revision == COMMIT
    assert manifest.source.sha256 == hashlib.sha256(checkpoint_bytes).hexdigest()
    assert manifest.tokenizer.name == "maker/model"
    assert read_manifest(tmp_path / "out") == manifest
    size = len(checkpoint_bytes)
    assert [r for r in seen if r[0] == "download"] == [("download", size, size)]


def test_released_file_is_preferred(hub: FakeHub, tmp_path: Path) -> None:
    name = "genesis_152m_instruct.safetensors"
    hub.repositories["a/b"] = {"a.safetensors": b"1", name: b"2"}
    assert resolve_source("a/b").weights.name == name
    assert resolve_source("a/b", file="a.safetensors").weights.name == "a.safetensors"
    hub.repositories["a/b"] = {"a.safetensors": b"1", "b.safetensors": b"2"}
    with pytest.raises(ConversionError, match="several safetensors files"):
        resolve_source("a/b")


def test_revision_given_twice(hub: FakeHub) -> None:
    hub.repositories["a/b"] = {"x.safetensors": b""}
    assert resolve_source("a/b@v1", revision="v1").revision == COMMIT
    with pytest.raises(ConversionError, match="another revision"):
        resolve_source("a/b@v1", revision="v2")


def test_damaged_download_is_found(
    hub: FakeHub,
    checkpoint_bytes: bytes,
    tokenizer_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Right size, wrong bytes: the library does not look at the sha256."""
    hub.repositories["a/b"] = {"x.safetensors": checkpoint_bytes}
    really = hub.download

    def flip(repository: str, name: str, **options: Any) -> str:
        path = Path(really(repository, name, **options))
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        return str(path)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", flip)
    with pytest.raises(ConversionError, match="is damaged: its sha256 is"):
        convert("a/b", tmp_path / "out", tokenizer=tokenizer_file)
    assert not (tmp_path / "out").exists()
    hub.lfs = False
    convert("a/b", tmp_path / "out", tokenizer=tokenizer_file)


def test_tokenizer_comes_from_the_hub(
    hub: FakeHub, checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    hub.repositories["EleutherAI/pythia-70m"] = {
        "tokenizer.json": tokenizer_file.read_bytes()
    }
    manifest = convert(checkpoint, tmp_path / "out")
    assert manifest.tokenizer.kind == "hub"
    assert manifest.tokenizer.name == "EleutherAI/pythia-70m"
    assert manifest.tokenizer.revision == COMMIT
    # From the cache the second time.
    hub.failure = errors.OfflineModeIsEnabled("offline")
    assert convert(checkpoint, tmp_path / "out2").tokenizer == manifest.tokenizer


def test_offline_uses_what_was_downloaded(
    hub: FakeHub, checkpoint_bytes: bytes, tokenizer_file: Path, tmp_path: Path
) -> None:
    name = "genesis_152m_instruct.safetensors"
    hub.repositories["a/b"] = {
        name: checkpoint_bytes,
        "tokenizer.json": tokenizer_file.read_bytes(),
    }
    online = convert("a/b", tmp_path / "one")
    hub.failure = errors.OfflineModeIsEnabled("offline")
    offline = convert("a/b", tmp_path / "two")
    assert offline.source == online.source
    assert offline.tokenizer == online.tokenizer
    with pytest.raises(ConversionError, match="HF_HUB_OFFLINE"):
        convert("a/c", tmp_path / "three")


def transport(name: str) -> Exception:
    """An error of the HTTP client below the Hub's library."""
    client = next(
        base for base in errors.HfHubHTTPError.__mro__ if base.__name__ == "HTTPError"
    )
    module = import_module(client.__module__.partition(".")[0])
    error = getattr(module, name)("[Errno -3] Temporary failure in name resolution")
    assert isinstance(error, Exception)
    return error


FAILURES: dict[str, tuple[Callable[[], Exception], str]] = {
    "offline": (lambda: errors.OfflineModeIsEnabled("x"), "HF_HUB_OFFLINE forbids"),
    "connection": (lambda: transport("ConnectError"), "cannot be reached; connect to"),
    "timeout": (lambda: transport("ReadTimeout"), "cannot be reached; connect to"),
    "proxy": (lambda: transport("ProxyError"), "cannot be reached; connect to"),
    "reset": (lambda: ConnectionResetError("x"), "cannot be reached; connect to"),
    "gated": (lambda: http_error(errors.GatedRepoError, 403), "terms to accept"),
    "missing": (lambda: http_error(errors.RepositoryNotFoundError, 401), "no reposit"),
    "revision": (
        lambda: http_error(errors.RevisionNotFoundError, 404),
        "has no revision v9",
    ),
    "entry": (
        lambda: http_error(errors.RemoteEntryNotFoundError, 404),
        "no longer has the file",
    ),
    "local entry": (lambda: errors.LocalEntryNotFoundError("x"), "cannot be reached"),
    "down": (lambda: http_error(errors.HfHubHTTPError, 503), "answered 503"),
    "limit": (lambda: http_error(errors.HfHubHTTPError, 429), "answered 429"),
    "name": (lambda: errors.HFValidationError("x"), "not a valid repository"),
    "disk full": (lambda: OSError(errno.ENOSPC, "x"), "no space left to download"),
    "short": (lambda: OSError("Consistency check failed\nx"), "could not be down"),
    "metadata": (lambda: errors.FileMetadataError("x"), "could not be downloaded"),
    "any": (lambda: RuntimeError("x"), "could not be downloaded"),
}


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("at", ["listing", "download"])
def test_failures_are_one_sentence(
    at: str, kind: str, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, message = FAILURES[kind]
    hub.repositories["a/b"] = {"x.safetensors": b""}
    if at == "listing":
        hub.failure = make()
    else:

        def fail(*args: Any, **options: Any) -> str:
            raise make()

        monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(ConversionError, match=message) as caught:
        convert("a/b@v9", tmp_path / "out")
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].isprintable()
    assert caught.value.problems[0].endswith(".")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["offline", "connection"])
def test_tokenizer_that_cannot_be_downloaded(
    kind: str, hub: FakeHub, checkpoint: Path, tmp_path: Path
) -> None:
    hub.failure = FAILURES[kind][0]()
    with pytest.raises(ConversionError, match=r"tokenizer\.json with --tokenizer"):
        convert(checkpoint, tmp_path / "out")
