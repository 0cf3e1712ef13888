"""What a training will take, computed before it begins."""

from genesis_chat.training.data import estimate
from genesis_chat.training.data.estimate import Model

MODEL = Model(4_300_000, 17_200_000, 8, 192, 2_048)


def test_adapters_and_checkpointing_take_less() -> None:
    full = estimate(MODEL, "full", MODEL.parameters, 2_048, 100)
    lora = estimate(MODEL, "lora", 50_000, 2_048, 100)
    less = estimate(MODEL, "lora", 50_000, 2_048, 100, checkpointing=True)
    assert full.memory_bytes > lora.memory_bytes > less.memory_bytes
    # A gradient and two means beside every weight.
    assert full.memory_bytes > 4 * MODEL.weight_bytes
    assert full.tokens == 204_800 and full.seconds is None


def test_sentences() -> None:
    short = estimate(MODEL, "full", 1, 2_048, 100, tokens_per_second=1_000)
    assert short.seconds == 204.8
    assert "204,800 tokens, about 3 min, about" in str(short)
    long = estimate(MODEL, "full", 1, 2_048, 10_000, tokens_per_second=1_000)
    assert "about 5.7 h" in str(long)
