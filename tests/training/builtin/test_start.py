"""What training starts from: random weights, and a tokenizer made of the subjects."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builtin_model import read_checkpoint
from small_subjects import SMALL

from backends.genesis.args import ModelArgs
from converters import convert
from converters.layout import source_shapes
from converters.tokenization import check_tokenizer
from genesis_chat.training.builtin.configuration import CONFIGURATION
from genesis_chat.training.builtin.initial import initial_weights
from genesis_chat.training.builtin.plan import Plan
from genesis_chat.training.builtin.start import TOKENIZER, WEIGHTS, start_from_nothing
from genesis_chat.training.builtin.tokenizer import train_tokenizer

VOCABULARY = 320
TINY = {
    **CONFIGURATION,
    "vocab_size": VOCABULARY,
    "n_embd": 48,
    "n_layer": 4,
    "n_head": 2,
    "n_kv_head": 1,
    "head_dim": 24,
}


def test_the_configuration_is_that_of_the_file_that_ships() -> None:
    assert read_checkpoint()[0] == CONFIGURATION


def test_weights_are_drawn_from_the_seed_alone() -> None:
    one, again, other = (initial_weights(TINY, seed) for seed in (3, 3, 4))
    shapes = source_shapes(ModelArgs.from_config(TINY))
    assert {name: array.shape for name, array in one.items()} == shapes
    for name, array in one.items():
        assert array.dtype == np.float32 and np.isfinite(array).all(), name
        assert np.array_equal(array, again[name]), name
    same = [name for name in one if np.array_equal(one[name], other[name])]
    # Norms, biases, rates and an undecided confidence are where they always begin.
    fixed = ("norm", "bias", "omega", "ttt", "confidence.2.")
    assert all(any(part in name for part in fixed) for name in same)


def test_weights_are_as_large_as_the_references() -> None:
    weights = initial_weights(CONFIGURATION, 0)
    narrow = 0.02 / math.sqrt(2)
    assert weights["blocks.0.ffn.up_proj.weight"].std() == pytest.approx(narrow, 0.02)
    assert weights["tok_emb.weight"].std() == pytest.approx(0.02, 0.02)
    decays = np.exp(weights["blocks.0.attn.A_log"])
    assert ((decays > 0.5) & (decays < 8)).all()
    # What softplus makes of the biases lies between a thousandth and a tenth.
    steps = np.log1p(np.exp(weights["blocks.0.attn.dt_bias"]))
    assert ((steps > 9e-4) & (steps < 0.11)).all()
    assert (weights["metacognition.ttt.B_init"] == 0).all()


def test_ctrl_c_while_texts_are_read_is_one() -> None:
    def texts() -> Iterator[str]:
        yield "a text"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_tokenizer(texts(), VOCABULARY)


def test_a_tokenizer_writes_every_text() -> None:
    texts = ["What is the capital of France?", "user\nPress F2, 1234 times."] * 20
    data = train_tokenizer(texts, VOCABULARY)
    assert data == train_tokenizer(texts, VOCABULARY)
    tokenizer = check_tokenizer(TOKENIZER, data, VOCABULARY)
    assert (tokenizer.im_start, tokenizer.im_end) == (3, 4)
    assert len(tokenizer.encode("\n")) == 1
    # Each digit is one token, so that sums can be learned.
    assert len(tokenizer.encode("1234")) == 4
    for text in ("  two  spaces ", "日本 🙂", "tabs\tand\r\nlines", "<|im_end|>"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_start_can_be_converted(tmp_path: Path) -> None:
    plan = Plan("nothing", 1, conversations=400, configuration=TINY)
    start_from_nothing(tmp_path, SMALL, plan)
    manifest = convert(tmp_path / WEIGHTS, tmp_path / "model")
    assert manifest.configuration == "metadata"
    first = (tmp_path / WEIGHTS).read_bytes()
    start_from_nothing(tmp_path, SMALL, plan)
    assert (tmp_path / WEIGHTS).read_bytes() == first
