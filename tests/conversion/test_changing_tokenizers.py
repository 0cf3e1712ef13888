"""Tokenizers that would not give the text back are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edited_json import edited

from converters import ConversionError
from converters.tokenization import check_tokenizer


def lowercase(content: dict[str, Any]) -> None:
    content["normalizer"] = {"type": "Lowercase"}


def replace_a(content: dict[str, Any]) -> None:
    pattern = {"String": "a"}
    content["normalizer"] = {"type": "Replace", "pattern": pattern, "content": ""}


def replace_elsewhere(content: dict[str, Any]) -> None:
    replace_a(content)
    content["normalizer"]["pattern"] = {"String": "q"}


def swallow_spaces(content: dict[str, Any]) -> None:
    token = {**content["added_tokens"][0], "id": 292, "content": "word"}
    content["added_tokens"].append({**token, "special": False, "lstrip": True})


def no_vocabulary(content: dict[str, Any]) -> None:
    content["model"] |= {"vocab": {}, "merges": []}
    content["added_tokens"] = []


def add_prefix(content: dict[str, Any]) -> None:
    content["pre_tokenizer"]["add_prefix_space"] = True


def drop_out(content: dict[str, Any]) -> None:
    content["model"]["dropout"] = 0.5


def drop_bytes(content: dict[str, Any]) -> None:
    vocabulary = content["model"]["vocab"]
    for token, other in (("z", "z spare"), ("\u010a", "newline spare")):
        vocabulary[other] = vocabulary.pop(token)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lowercase, "changes text"),
        (replace_a, "changes text"),
        (replace_elsewhere, "normaliser"),
        (swallow_spaces, "changes text"),
        (no_vocabulary, "byte tokens"),
        (add_prefix, "changes text"),
        (drop_out, "dropout"),
        (drop_bytes, "byte tokens"),
    ],
)
def test_tokenizers_that_change_text_are_refused(
    edit: Callable[[dict[str, Any]], None], message: str, tokenizer_file: Path
) -> None:
    with pytest.raises(ConversionError, match=message):
        check_tokenizer("tokenizer.json", edited(tokenizer_file, edit))
