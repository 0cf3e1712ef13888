"""What a model is called where it speaks."""

import pytest

from genesis_chat import Genesis
from genesis_chat.engine.speaker import speaker_of


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
    ],
)
def test_sizes_and_variants_are_no_part_of_it(name: str, speaker: str) -> None:
    assert speaker_of(name) == speaker


def test_genesis_is_genesis_whatever_it_is_called() -> None:
    model = Genesis.load("builtin").model
    assert model.speaker == "Genesis"
    assert not model.thinks and not model.thinking_is_switched
