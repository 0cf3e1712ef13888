"""A model that the CPU backend does not run after all goes to MLX."""

import json
from pathlib import Path

import pytest
from families import write_chat_model

from genesis_chat.engine import open_model
from genesis_chat.errors import ModelError
from genesis_chat.model_choice import ModelChoice

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small Llama with a tokenizer."""
    return write_chat_model(tmp_path / "model", "llama")


def scale_positions(folder: Path, scaling: dict[str, object]) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["rope_scaling"] = scaling
    path.write_text(json.dumps(config), encoding="utf-8")


YARN: dict[str, object] = {
    "rope_type": "yarn",
    "factor": 2.0,
    "original_max_position_embeddings": 256,
}


def test_an_ordinary_decoder_runs_on_the_cpu(folder: Path) -> None:
    model = open_model(folder)
    assert model.backend == "cpu" and model.features.can_trim
    model.format.close()


def test_another_runs_on_mlx_with_a_word_about_its_speed(folder: Path) -> None:
    scale_positions(folder, YARN)
    model = open_model(folder)
    assert (model.backend, model.why) == ("mlx", "cpu does not run this model")
    assert "a few tokens a second" in model.warnings[0]
    model.format.close()


def test_who_asks_for_the_cpu_is_told(folder: Path) -> None:
    scale_positions(folder, YARN)
    with pytest.raises(ModelError, match="yarn"):
        open_model(folder, choice=ModelChoice(backend="cpu"))
