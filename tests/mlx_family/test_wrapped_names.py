"""Models of other families whose names are as a training tool has left them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from families import write_model

from backends.decoder.files import open_files
from backends.errors import WeightsError
from backends.genesis_cpu.decoder.weights import read_weights
from backends.mlx_family import loading
from backends.mlx_family.language_model import arrays
from backends.mlx_family.loading import read_network
from backends.wrapped_names import plain_names

RENAMED: dict[str, Callable[[str], str]] = {
    "parallel": lambda name: f"module.{name}",
    "compiled": lambda name: f"_orig_mod.{name}",
    "both": lambda name: f"_orig_mod.module.{name}",
    "PEFT": lambda name: f"base_model.model.{name}",
    "held": lambda name: f"model.{name}",
    "inside": lambda name: name.replace("layers.1.", "layers.1._orig_mod."),
}


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """One whose embedding is its head, and one with a head of its own, in 4 bits."""
    family, options = request.param, {}
    if family == "qwen3":
        options = {"bits": 4, "group_size": 32}
    return write_model(tmp_path_factory.mktemp(family) / family, family, **options)


def renamed(folder: Path, rename: Callable[[str], str], directory: Path) -> Path:
    shutil.copytree(folder, directory)
    weights = mx.load(str(folder / "model.safetensors"))
    assert isinstance(weights, dict)
    weights = {rename(name): array for name, array in weights.items()}
    mx.save_safetensors(str(directory / "model.safetensors"), weights)
    return directory


@pytest.mark.parametrize("case", RENAMED)
def test_a_prefix_makes_no_difference(case: str, folder: Path, tmp_path: Path) -> None:
    other = renamed(folder, RENAMED[case], tmp_path / "other")
    plain, found = (
        read_weights(open_files(each), "float32", None) for each in (folder, other)
    )
    assert np.array_equal(plain.matrices, found.matrices)
    assert np.array_equal(plain.small, found.small)
    kind = folder.name
    networks = [arrays(read_network(each, kind)) for each in (folder, other)]
    assert networks[0].keys() == networks[1].keys()
    for name, array in networks[0].items():
        assert mx.array_equal(array, networks[1][name]), name


def test_other_names_are_told_as_they_are(folder: Path, tmp_path: Path) -> None:
    other = renamed(folder, lambda name: f"decoder.{name}", tmp_path / "other")
    for read in (open_files, lambda path: read_network(path, folder.name)):
        with pytest.raises(WeightsError, match=r"decoder\.model\."):
            read(other)


def test_what_a_family_raises_of_other_names_hides_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sanitize(names: object) -> object:
        raise KeyError("lm_head.weight")

    monkeypatch.setattr(loading, "plain_names", sanitize)
    other = renamed(folder, lambda name: f"decoder.{name}", tmp_path / "other")
    with pytest.raises(WeightsError, match=r"\(ValueError: .*decoder\.model\."):
        read_network(other, folder.name)


@pytest.mark.parametrize(
    ("names", "plain"),
    [
        (["model.a", "lm_head.b"], ["model.a", "lm_head.b"]),
        (["model.a", "model.b"], ["model.a", "model.b"]),
        (["model.model.a", "model.lm_head.b"], ["model.a", "lm_head.b"]),
        (["module.transformer.a"], ["transformer.a"]),
        (["base_model.model.model.a"], ["model.a"]),
        (["module.a", "a"], ["module.a", "a"]),
        (["model"], ["model"]),
        ([], []),
    ],
)
def test_what_stays_of_names(names: list[str], plain: list[str]) -> None:
    assert list(plain_names(names).values()) == plain
