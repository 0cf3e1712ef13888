"""Every form a model is stored in, and int8 kept beside it."""

import json
import multiprocessing
import os
import resource
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import running
from builtin_model import FOLDER
from checkpoints import checkpoint_tensors
from configurations import configuration, random_ids
from running import build
from running_cpu import load_cpu, whole
from tolerances import LOGITS, RELATIVE_RMS, max_difference

from backends import genesis_cpu, genesis_mlx
from backends.derived_file import DERIVED_FILES
from backends.genesis_cpu import ConfigError, WeightsError
from converters import convert, verify

IDS = random_ids(40, 2)


@pytest.mark.parametrize(
    "options",
    [
        *({"dtype": name} for name in ("float32", "float16", "bfloat16")),
        *({"quantize": bits} for bits in (8, 4)),
        {"quantize": 8, "dtype": "bfloat16"},
    ],
    ids=str,
)
def test_however_it_is_stored(options: dict[str, Any], tmp_path: Path) -> None:
    """float32 of the very numbers in the file, as the MLX backend takes them."""
    convert(FOLDER, tmp_path / "model", **options)
    path = tmp_path / "model" / "config.json"
    config = {**json.loads(path.read_text()), "use_selective_activation": False}
    path.write_text(json.dumps(config))
    mlx = genesis_mlx.load(tmp_path / "model", dtype="float32")
    model = load_cpu(tmp_path / "model")
    assert model.dtype == "float32"
    expected = running.whole(mlx, IDS, ttt=True)
    assert max_difference(whole(model, IDS, ttt=True), expected) <= LOGITS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = configuration("untied-head")
    build(config, checkpoint_tensors(config), tmp_path)
    return tmp_path / "model"


def test_int8_is_made_once(folder: Path) -> None:
    made = whole(load_cpu(folder, "int8"), IDS, ttt=True)
    kept = folder / DERIVED_FILES["int8"]
    before = kept.stat()
    assert (whole(load_cpu(folder, "int8"), IDS, ttt=True) == made).all()
    assert kept.stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in folder.glob(".*")] == []
    assert verify(folder) == []


def test_int8_is_near(folder: Path) -> None:
    exact, near = (
        whole(load_cpu(folder, d), IDS, ttt=True) for d in ("float32", "int8")
    )
    error = np.sqrt(np.mean((near - exact) ** 2) / np.mean(exact**2))
    assert 0 < error <= RELATIVE_RMS["int8"]


def test_int8_of_other_weights_is_made_again(folder: Path) -> None:
    load_cpu(folder, "int8")
    config = configuration("untied-head")
    other = folder.parent / "other"
    other.mkdir()
    build(config, checkpoint_tensors(config, seed=8), other)
    expected = whole(load_cpu(other / "model", "int8"), IDS, ttt=False)
    shutil.copy2(other / "model" / "model.safetensors", folder)
    assert (whole(load_cpu(folder, "int8"), IDS, ttt=False) == expected).all()


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_int8_file_is_made_again(damage: str, folder: Path) -> None:
    expected = whole(load_cpu(folder, "int8"), IDS, ttt=False)
    kept = folder / DERIVED_FILES["int8"]
    data = kept.read_bytes()
    match damage:
        case "cut":
            kept.write_bytes(data[: len(data) // 2])
        case "empty":
            kept.write_bytes(b"")
        case "other":
            shutil.copy(folder / "model.safetensors", kept)
    assert (whole(load_cpu(folder, "int8"), IDS, ttt=False) == expected).all()
    assert kept.stat().st_size == len(data)


def test_verify_sees_what_the_program_would_not(folder: Path) -> None:
    load_cpu(folder, "int8")
    kept = folder / DERIVED_FILES["int8"]
    data = bytearray(kept.read_bytes())
    for at in (len(data) - 1, len(data) // 2):
        data[at] ^= 1
        kept.write_bytes(data)
        (problem,) = verify(folder)
        assert kept.name in problem and "delete it" in problem
        data[at] ^= 1
    kept.write_bytes(data[:-1])
    assert len(verify(folder)) == 1
    kept.unlink()
    assert verify(folder) == []


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    """Not at once: another process may be writing it."""
    left, new = (folder / f".{DERIVED_FILES['int8']}.{n}" for n in (1, 2))
    for path in (left, new):
        path.write_bytes(b"half of it")
    os.utime(left, (1e9, 1e9))
    load_cpu(folder, "int8")
    assert not left.exists() and new.exists()


@pytest.mark.parametrize("fault", ["full", "forbidden"])
def test_a_folder_that_cannot_be_written(
    fault: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """int8 is then made at every start, in memory."""
    expected = whole(load_cpu(folder, "int8"), IDS, ttt=False)
    (folder / DERIVED_FILES["int8"]).unlink()
    if fault == "forbidden":

        def refused(*_: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "replace", refused)
        found = whole(load_cpu(folder, "int8"), IDS, ttt=False)
    else:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        try:
            found = whole(load_cpu(folder, "int8"), IDS, ttt=False)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (found == expected).all()
    assert [p.name for p in folder.iterdir() if "int8" in p.name] == []


def test_several_processes_make_it_at_once(folder: Path) -> None:
    """Each writes a whole file; the last one stays, and none is left beside it."""
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=load_cpu, args=(folder, "int8")) for _ in range(3)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert verify(folder) == []
    assert [p.name for p in folder.iterdir() if "int8" in p.name] == [
        DERIVED_FILES["int8"]
    ]


def test_what_cannot_be_loaded_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"int8 or int4 in the .* 'bfloat16'"):
        genesis_cpu.load(folder, dtype="bfloat16")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="convert the model again"):
        load_cpu(folder)
