from pathlib import Path

import pytest
import sentencepiece


@pytest.fixture(scope="session")
def tokenizer():
    """The tokenizer of the built-in model."""
    folder = Path(__file__).parents[3] / "assets" / "genesis-nano"
    return sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
