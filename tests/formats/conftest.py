"""Chat formats of small models' folders."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_models import CHATML, KINDS, byte_level, write_folder

from converters import load_tokenizer
from converters.tokenization.hugging_face import HuggingFaceTokenizer
from genesis_chat.engine.prompt import ChatFormat, open_format

Open = Callable[..., tuple[HuggingFaceTokenizer, ChatFormat]]


@pytest.fixture
def open_chat(tmp_path: Path) -> Iterator[Open]:
    """Opens the tokenizer and the chat format of a folder with this template."""
    opened: list[ChatFormat] = []

    def make(
        template: str | None = CHATML, kind: str = "bytes", **config: Any
    ) -> tuple[HuggingFaceTokenizer, ChatFormat]:
        folder = tmp_path / f"model-{len(opened)}"
        write_folder(
            folder, (KINDS.get(kind) or (lambda: byte_level(())))(), template, **config
        )
        tokenizer = load_tokenizer(folder)
        assert isinstance(tokenizer, HuggingFaceTokenizer)
        opened.append(open_format(tokenizer, "mine")())
        return tokenizer, opened[-1]

    yield make
    for each in opened:
        each.close()
