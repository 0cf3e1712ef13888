from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from builtin_model import FOLDER

from converters.tokenization import check_tokenizer
from genesis_chat.engine.prompt import GenesisFormat

TOKENIZER = Path(FOLDER) / "tokenizer.model"


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """The tokenizer of the built-in model."""
    return sentencepiece.SentencePieceProcessor(str(TOKENIZER))


@pytest.fixture(scope="session")
def form() -> GenesisFormat:
    """The chats of the built-in model."""
    return GenesisFormat(check_tokenizer(TOKENIZER.name, TOKENIZER.read_bytes()))
