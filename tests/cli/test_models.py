"""Listing, describing, verifying, removing installed models; the default one."""

import hashlib
import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from adapted import install_adapter
from terminal import Result, call

from genesis_chat.models import ensure_builtin, find

QUESTION = ("What is the capital of France?", "--temp", "0")
ANSWER = "The capital of France is Paris.\n"


def models(*arguments: str | Path, code: int = 0, stdin: str = "") -> Result:
    result = call("models", *arguments, stdin=stdin)
    assert result.code == code, result.err
    assert "Traceback" not in result.err and "Unexpected" not in result.err
    return result


def listed() -> dict[str, dict[str, Any]]:
    rows = json.loads(models("list", "--json").out)
    return {row["name"]: row for row in rows}


def loaded(file: Path) -> dict[str, mx.array]:
    tensors = mx.load(str(file))
    assert isinstance(tensors, dict)
    return tensors


@pytest.fixture
def small(assets: Path) -> str:
    """A model installed beside the built-in one."""
    models("convert", assets, "--name", "small")
    return "small"


def test_list_before_the_first_use(empty_home: Path) -> None:
    assert list(listed()) == ["builtin"]
    assert "builtin" in models("list").out
    # Looking must not write.
    assert list(empty_home.iterdir()) == []


def test_list_marks_the_default(small: str) -> None:
    lines = models("list").out.splitlines()
    assert [line.split()[:2] for line in lines] == [["*", "small"], ["builtin", "4.3M"]]
    rows = listed()
    assert rows["small"]["default"] and not rows["builtin"]["default"]
    assert rows["small"]["state"] == rows["builtin"]["state"] == "ready"


def test_first_installed_model_is_used_without_a_notice(small: str) -> None:
    result = call(*QUESTION)
    assert (result.out, result.err) == (ANSWER, "")
    assert json.loads(call(*QUESTION, "--json").out)["model"] == "small"


def test_default_is_told_and_set(small: str, assets: Path) -> None:
    models("convert", assets, "--name", "other")
    assert models("default").out == "small\n"
    models("default", "other")
    assert models("default").out == "other\n"
    assert json.loads(call(*QUESTION, "--json").out)["model"] == "other"
    models("default", "builtin")
    assert models("default").out == "builtin\n"


def test_default_must_exist(small: str) -> None:
    assert "absent" in models("default", "absent", code=1).err
    assert models("default").out == "small\n"


def test_default_without_models_is_the_builtin_one(empty_home: Path) -> None:
    assert models("default").out == "builtin\n"


def test_removed_model_is_gone(small: str, home: Path) -> None:
    models("remove", "small", "--yes")
    assert list(listed()) == ["builtin"]
    assert not [p for p in (home / "models").iterdir() if "small" in p.name]
    assert call(*QUESTION).out == ANSWER


def test_removal_asks_first(small: str) -> None:
    declined = models("remove", "small", stdin="n\n", code=130)
    assert declined.out == "" and "small" in declined.err
    nobody = models("remove", "small", stdin="", code=130)
    assert nobody.err.endswith("--yes leaves the question out.\n")
    assert "small" in listed()
    models("remove", "small", stdin="y\n")
    assert "small" not in listed()


def test_missing_model_cannot_be_removed_described_or_verified() -> None:
    for command in (("remove", "-y"), ("info",), ("verify",)):
        result = models(*command, "absent", code=1)
        assert result.out == ""
        assert result.err.startswith("Error: ") and "'absent'" in result.err
        assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["../x", "..", "/", "a/b/c", ".hidden", "default", ""])
def test_names_cannot_leave_the_models_folder(name: str, home: Path) -> None:
    precious = home / "x"
    precious.mkdir()
    for command in (("remove", "-y"), ("default",)):
        result = models(*command, "--", name, code=2)
        assert result.out == ""
    assert precious.is_dir()


def test_builtin_model_stays() -> None:
    assert "built-in" in models("remove", "-y", "builtin", code=2).err
    assert call(*QUESTION).out == ANSWER


def test_verify_whole_models(small: str) -> None:
    assert "intact" in models("verify", "small").err
    # Without a name it is the default model.
    assert "small" in models("verify").err
    assert "builtin" in models("verify", "builtin").err


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.model"]
)
def test_verify_finds_a_changed_byte(name: str, home: Path, small: str) -> None:
    file = home / "models" / small / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    result = models("verify", small, code=1)
    assert name in result.err and result.out == ""
    for other in {"model.safetensors", "config.json", "tokenizer.model"} - {name}:
        assert other not in result.err


def test_verify_finds_a_missing_file(home: Path, small: str) -> None:
    (home / "models" / small / "tokenizer.model").unlink()
    assert "tokenizer.model" in models("verify", small, code=1).err
    assert listed()[small]["state"] == "damaged"
    assert "tokenizer.model" in call("ask", "x", "-m", small).err


def test_model_without_a_manifest_is_damaged(home: Path, small: str) -> None:
    (home / "models" / small / "manifest.json").write_text("{", encoding="utf-8")
    assert listed()[small]["state"] == "damaged"
    assert small in models("info", small, code=1).err
    assert small in models("verify", small, code=1).err
    # It can still be removed.
    models("remove", "-y", small)


def test_info_tells_everything(small: str, assets: Path) -> None:
    text = models("info", small).out
    digest = hashlib.sha256((assets / "model.safetensors").read_bytes()).hexdigest()
    for fact in (
        "6 gated linear attention",
        "2 forgetting attention",
        "bfloat16",
        "1,024 tokens",
        "model.safetensors",
        digest,
        "sentencepiece",
    ):
        assert fact in text
    flags = dict(line.split() for line in text.splitlines() if line[:2] == "  ")
    assert flags["use_ttt"] == "True"
    assert flags["selective_k_ratio"] == "0.85"
    assert flags["n_embd"] == "192"
    assert "ASSUMED" not in text


def test_info_counts_the_parameters_in_the_file(small: str, home: Path) -> None:
    file = home / "models" / small / "model.safetensors"
    count = sum(tensor.size for tensor in loaded(file).values())
    assert f"{count:,}" in models("info", small).out
    facts = json.loads(models("info", small, "--json").out)
    assert facts["manifest"]["parameters"] == count
    assert facts["bytes"] == sum(f.stat().st_size for f in file.parent.iterdir())
    assert (facts["context"], facts["problem"]) == (1024, None)


def test_info_takes_a_directory(small: str, home: Path) -> None:
    by_name = models("info", small).out
    by_path = models("info", home / "models" / small).out
    assert by_path == by_name


@pytest.fixture
def lights() -> str:
    """An adapter of the built-in model."""
    return install_adapter(ensure_builtin()).name


def test_list_shows_what_an_adapter_came_from(lights: str, small: str) -> None:
    lines = models("list").out.splitlines()
    # Behind its model, and not the default.
    at = next(n for n, line in enumerate(lines) if line.startswith("  + lights"))
    assert lines[at - 1].startswith("  builtin") and "LoRA, rank 4" in lines[at]
    for fact in ("from builtin", "lights.jsonl", "abababababab", "120 steps", "0.001"):
        assert fact in lines[at + 1]
    assert "loss 3.25 → 0.12" in lines[at + 1]
    row = listed()["lights"]
    assert (row["adapter_of"], row["state"]) == ("builtin", "ready")
    assert row["training"]["settings"]["rank"] == 4
    assert row["training"]["base"]["sha256"] == ensure_builtin().sha256
    assert row["training"]["data"]["sha256"] == "ab" * 32


def test_info_shows_how_it_was_trained(lights: str) -> None:
    text = models("info", lights).out
    for fact in (
        f"builtin (sha256 {ensure_builtin().sha256})",
        f"lights.jsonl (sha256 {'ab' * 32})",
        "500 for training, 50 for validation, 100 for the test",
        "learning rate 0.001",
        "ttt off",
        "120 steps, the weights of step 100; 54,321 tokens in 1 min; early stop",
        "3.25 → 0.12  █▅▁",
        "1.75 → 0.25  █▁",
        "3 of 100 right before, 97 after; loss 3.50 → 0.12",
        "6 gated linear attention",
    ):
        assert fact in text
    facts = json.loads(models("info", lights, "--json").out)
    assert facts["adapter"]["training"]["training_losses"][1] == [60, 1.5]
    assert facts["manifest"]["training"] == facts["adapter"]["training"]


def test_an_adapter_is_asked_verified_fused_and_removed(lights: str) -> None:
    assert json.loads(call(*QUESTION, "-m", lights, "--json").out)["model"] == lights
    assert "lights is intact" in models("verify", lights).err
    said = models("fuse", lights, "--name", "for-good").err
    assert "for-good" in said
    assert "trained on lights.jsonl" in models("list").out.split("for-good")[1]
    taken = models("fuse", lights, "--name", "for-good", code=1).err
    assert "choose another name" in taken
    models("remove", "-y", lights)
    assert lights not in listed()
    answers = [call(*QUESTION, "-m", each).out for each in ("for-good", "builtin")]
    assert all(answers)


def test_an_adapter_without_its_model(lights: str, small: str) -> None:
    install_adapter(find(small), "orphan")
    models("remove", "-y", small)
    nano = Path(str(files("assets"))) / "genesis-nano"
    models("convert", nano, "--name", small, "--quantize", "8")
    shutil.rmtree(ensure_builtin().directory)
    row = listed()["orphan"]
    assert row["state"] == "cannot be used" and "another small" in row["problem"]
    said = call(*QUESTION, "-m", "orphan")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("Error: orphan is an adapter of another small")
    assert len(said.err.splitlines()) == 1
    # It can be removed all the same.
    models("remove", "-y", "orphan")
