"""What a model is called where it speaks."""

import pytest

from genesis_chat import Genesis
from genesis_chat.engine import ModelFacts
from genesis_chat.engine.speaker import speaker_of, writer


@pytest.mark.parametrize(
    ("name", "speaker"),
    [
        ("mlx-community/Llama-3.2-3B-Instruct-4bit", "Llama-3.2"),
        ("SmolLM2-135M-Instruct", "SmolLM2"),
        ("smollm2", "smollm2"),
        ("Qwen3-30B-A3B-Instruct-2507", "Qwen3"),
        ("gemma-2-2b-it", "gemma-2"),
        ("gpt-oss-20b", "gpt-oss"),
        ("7B", "7B"),
        ("my model", "my model"),
        ("builtin", "Genesis"),
        ("genesis-152m", "Genesis"),
    ],
)
def test_sizes_and_variants_are_no_part_of_it(name: str, speaker: str) -> None:
    assert speaker_of(name) == speaker


def test_genesis_is_genesis_whatever_it_is_called() -> None:
    model = Genesis.load("builtin").model
    assert model.speaker == "Genesis"
    assert not model.thinks and not model.thinking_is_switched


def test_a_reply_is_its_writers_whatever_model_is_loaded() -> None:
    loaded = ModelFacts("mine", 512, "int8", "CPU", None, speaker="Genesis")
    assert writer("mine", loaded) == writer(None, loaded) == "Genesis"
    assert writer("SmolLM2-135M-Instruct", loaded) == "SmolLM2"
    assert writer("mine", None) == "mine"
    assert writer(None, None) == "Genesis"
