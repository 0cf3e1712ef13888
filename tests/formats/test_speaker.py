"""What a model is called where it speaks."""

from dataclasses import replace

import pytest

from genesis_chat import Genesis
from genesis_chat.models import BUILTIN
from genesis_chat.speaker import speaker_of, speaker_of_reply


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
        ("Qwen/Qwen3-4B@refs/pr/1", "Qwen3"),
        ("@cf/meta/llama-3-8b-instruct", "llama-3"),
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


def test_stored_replies_are_of_the_model_that_their_receipt_names() -> None:
    loaded = Genesis.load("builtin").model
    mine = replace(loaded, name="Qwen3-4B", speaker="Owl")
    assert speaker_of_reply("Qwen3-4B", mine) == "Owl"
    assert speaker_of_reply("Qwen3-8B", mine) == "Qwen3"
    assert speaker_of_reply(BUILTIN, mine) == "Genesis"
    assert speaker_of_reply("genesis-152m-instruct", None) == "Genesis"
    assert speaker_of_reply(None, loaded) == "Reply"
