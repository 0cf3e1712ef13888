"""Models of other families: in the Hub's cache, in plain folders, too large ones."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import psutil
import pytest
from families import write_model
from hub_folders import cache_model
from terminal import call, run

from converters.whole_folder import look_at_folder
from genesis_chat.cli.options import complete_model
from genesis_chat.engine import (
    check_memory,
    outlook,
)
from genesis_chat.errors import ModelError, UsageError
from genesis_chat.models import (
    cached_models,
    choose,
    default_name,
    open_directory,
    remove,
    set_default,
)
from genesis_chat.models.identity import combined
from genesis_chat.tui.dialogs.model_rows import model_rows

ID = "mlx-community/Tiny-3"
PAGE = "---\nlicense: apache-2.0\ntags:\n- mlx\n---\n# Tiny\n"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in mlx-lm's format, with weights in two files."""
    pytest.importorskip("mlx_lm")
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    write_model(folder, "qwen3", 2, bits=4, group_size=32)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text(PAGE)
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("model-*.safetensors"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_cached_model_is_used_in_place(
    tiny: Path, hub: Path, private_home: Path
) -> None:
    snapshot = cache_model(hub, ID, tiny)
    before = contents(hub)
    model = choose(ID)
    assert model.directory == snapshot and model.cached and model.problem is None
    assert model.family == "qwen3"
    sums = ((p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in shards(tiny))
    assert model.sha256 == combined(sums)
    assert [m.name for m in cached_models()] == [ID]
    set_default(ID)
    assert default_name() == ID and choose().directory == snapshot
    with pytest.raises(UsageError, match="not ours to delete from"):
        remove(ID)
    assert contents(hub) == before
    assert not [p for p in private_home.rglob("*.safetensors")]


@pytest.mark.parametrize("fault", ["dangling", "shard", "tokenizer", "index"])
def test_an_incomplete_snapshot_is_told_not_offered(
    fault: str, tiny: Path, hub: Path
) -> None:
    snapshot = cache_model(hub, ID, tiny)
    shard = shards(snapshot)[1]
    match fault:
        case "dangling":
            shard.resolve().unlink()
            told = f"lacks 1 of its 2 files of weights, such as {shard.name}"
        case "shard":
            shard.unlink()
            told = f"lacks 1 of its 2 files of weights, such as {shard.name}"
        case "tokenizer":
            (snapshot / "tokenizer.json").unlink()
            told = "has no tokenizer.json"
        case "index":
            index = snapshot / "model.safetensors.index.json"
            index.resolve().write_text('{"weight_map": []}')
            told = "model.safetensors.index.json in"
    (listed,) = cached_models()
    assert listed.problem and told in listed.problem
    problem = choose(ID).problem
    assert problem and told in problem
    assert problem.endswith(f"genesis-chat models pull {ID}")


def test_what_is_not_there(hub: Path) -> None:
    with pytest.raises(ModelError, match="fetch it with: genesis-chat models pull"):
        choose(ID)
    # Only its name was looked up: a repository without a snapshot.
    (hub / f"models--{ID.replace('/', '--')}" / "blobs").mkdir(parents=True)
    with pytest.raises(ModelError, match="fetch it with: genesis-chat models pull"):
        choose(ID)
    assert list(cached_models()) == []


def test_genesis_checkpoints_and_others_are_left_to_conversion(
    nano: Path, hub: Path
) -> None:
    cache_model(hub, "someone/genesis", nano)
    assert list(cached_models()) == []
    with pytest.raises(ModelError, match="install it with: genesis-chat models pull"):
        choose("someone/genesis")


def test_the_list_says_what_is_cached(tiny: Path, hub: Path, tmp_path: Path) -> None:
    cache_model(hub, ID, tiny)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "nobodys"}')
    (other / "model.safetensors").write_bytes(b"")
    (other / "tokenizer.json").write_text("{}")
    cache_model(hub, "a/other", other)
    listed = run("models", "list", "--json")
    assert listed.code == 0, listed.err
    rows = {row["name"]: row for row in json.loads(listed.out)}
    assert rows[ID]["hub_cache"] and rows[ID]["state"] == "ready"
    assert rows[ID]["family"] == "qwen3" and rows[ID]["dtype"] == "4-bit"
    assert rows[ID]["bytes"] == sum(p.stat().st_size for p in tiny.iterdir())
    assert rows["a/other"]["state"] == "cannot be run"
    assert "'nobodys' cannot be run" in rows["a/other"]["problem"]
    assert "hub_cache" not in rows["builtin"]
    text = run("models", "list").out
    assert f"{ID} " in text and "in the Hub's cache" in text


def test_info_of_a_cached_model(tiny: Path, hub: Path) -> None:
    cache_model(hub, ID, tiny)
    told = run("models", "info", ID)
    assert told.code == 0, told.err
    for words in ("qwen3", "512 tokens", "4-bit", "apache-2.0", "supported", "mlx"):
        assert words in told.out
    assert "copied, kept on disk, cut back" in told.out
    facts = json.loads(run("models", "info", ID, "--json").out)
    assert facts["hub_cache"] and facts["runs"]["supported"]
    assert facts["manifest"] is None and facts["problem"] is None


def test_a_cached_model_is_compared_with_the_hashes_it_is_kept_by(
    tiny: Path, hub: Path
) -> None:
    snapshot = cache_model(hub, ID, tiny)
    assert "is intact" in call("models", "verify", ID).err
    for name, end in (("config.json", b"\n"), (shards(snapshot)[0].name, b"")):
        blob = (snapshot / name).resolve()
        data = blob.read_bytes()
        blob.write_bytes(data + end if end else data[:-1] + b"\1")
        told = call("models", "verify", ID)
        assert told.code == 1 and f"{name} was changed" in told.err
        assert f"hf download {ID} --force-download" in told.err
        blob.write_bytes(data)
    (snapshot / "README.md").resolve().unlink()
    told = call("models", "verify", ID)
    assert told.code == 1 and "README.md is missing" in told.err
    (snapshot / "README.md").unlink()
    (snapshot / "README.md").write_text(PAGE)
    assert "README.md has no hash" in call("models", "verify", ID).err
    shards(snapshot)[0].resolve().unlink()
    assert "lacks 1 of its 2 files" in call("models", "verify", ID).err


def test_a_folder_that_nothing_is_recorded_of_is_not_verified(tiny: Path) -> None:
    told = call("models", "verify", str(tiny))
    assert told.code == 1 and "no manifest to verify against" in told.err


def test_a_revision_of_a_cached_model_is_chosen(tiny: Path, hub: Path) -> None:
    first = cache_model(hub, ID, tiny)
    other = first.with_name("fedcba98" * 5)
    shutil.copytree(first, other, symlinks=True)
    refs = first.parents[1] / "refs"
    (refs / "v2.0").write_text(other.name)
    (refs / "pr").mkdir()
    (refs / "pr" / "1").write_text(other.name)
    assert choose(ID).directory == choose(f"{ID}@main").directory == first
    for revision in ("v2.0", "pr/1", other.name, other.name[:7]):
        model = choose(f"{ID}@{revision}")
        assert model.directory == other and model.cached and not model.problem
    assert choose(f"{ID}@{first.name[:12]}").directory == first
    for revision in ("v1.0", other.name[:6], "0" * 40):
        with pytest.raises(ModelError, match=f"not at {revision}; .*{ID}@{revision}"):
            choose(f"{ID}@{revision}")
    for revision in ("../../main", "refs/../main", ""):
        with pytest.raises(ModelError, match="does not exist"):
            choose(f"{ID}@{revision}")
    set_default(f"{ID}@v2.0")
    assert choose().directory == other


def test_a_folder_without_a_manifest(tiny: Path) -> None:
    model = choose(tiny)
    assert model.problem is None and model.manifest is None and not model.cached
    folder = look_at_folder(tiny)
    assert folder and (folder.quantization, folder.license) == ("4-bit", "apache-2.0")


def test_a_sha256_is_remembered_until_the_file_changes(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENESIS_CHAT_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "model"
    folder.mkdir()
    for path in tiny.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    first = open_directory(folder).sha256
    counted: list[object] = []
    digest = hashlib.file_digest

    def counting(*arguments: Any) -> Any:
        counted.append(arguments)
        return digest(*arguments)

    monkeypatch.setattr(hashlib, "file_digest", counting)
    assert open_directory(folder).sha256 == first and not counted
    shard = shards(folder)[0]
    data = shard.read_bytes()
    shard.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(shard, (1, 1))
    assert open_directory(folder).sha256 != first and len(counted) == 1


def test_a_model_that_the_memory_cannot_hold(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = outlook(tiny).weight_bytes
    assert stored
    for total, fits in ((stored, True), (stored - 1, False)):
        memory = SimpleNamespace(total=total, available=total)
        monkeypatch.setattr(psutil, "virtual_memory", lambda m=memory: m)
        if fits:
            check_memory(tiny, "tiny")
            continue
        with pytest.raises(ModelError, match=r"needs 0\.0 GB .* this computer has"):
            check_memory(tiny, "tiny")


def test_genesis_models_need_no_such_check(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = SimpleNamespace(total=1, available=1)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    check_memory(mine, "mine")


@pytest.mark.parametrize("command", ["ask", "chat", "bench"])
def test_commands_that_load_a_model_can_be_forced(command: str) -> None:
    assert "--force" in run(command, "--help").out


def test_the_interface_offers_it_and_the_shell_completes_it(
    tiny: Path, hub: Path
) -> None:
    cache_model(hub, ID, tiny)
    broken = cache_model(hub, "a/broken", tiny)
    shards(broken)[0].unlink()
    rows = {row.name: row for row in model_rows()}
    assert rows[ID].problem == ""
    assert "qwen3 · 4-bit" in rows[ID].detail and "cache" in rows[ID].group
    assert "lacks 1 of its 2 files" in rows["a/broken"].problem
    context = click.Context(click.Command("ask"))
    parameter = click.Option(["-m"])
    assert complete_model(context, parameter, "") == ["builtin", ID]
