"""Tokenizers from GGUF metadata: llama.cpp's ids, and the file's tokens."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gguf
import ggufs
import pytest
from tokenizers import Tokenizer

from converters import ConversionError
from converters.gguf.header import read_header
from converters.gguf.metadata import Metadata
from converters.gguf.pre_tokenizers import PRE_TOKENIZERS
from converters.gguf.tokenizer import tokenizer_config, tokenizer_json
from converters.gguf.vocabulary import Vocabulary, read_vocabulary

GOLDENS = ggufs.goldens()
RULES = [name for name in GOLDENS["ids"] if not name.startswith("pieces")]


def vocabulary(tmp_path: Path, maker: Any) -> Vocabulary:
    path = tmp_path / "v.gguf"
    ggufs.vocabulary_only(path, maker)
    with path.open("rb") as file:
        return read_vocabulary(Metadata(read_header(file, path.name).metadata))


def built(tmp_path: Path, maker: Any) -> Tokenizer:
    return Tokenizer.from_str(tokenizer_json(vocabulary(tmp_path, maker)))


def check(library: Tokenizer, name: str) -> None:
    for text, (content, whole) in zip(
        GOLDENS["texts"], GOLDENS["ids"][name], strict=True
    ):
        library.encode_special_tokens = True
        assert library.encode(text, add_special_tokens=False).ids == content, text
        library.encode_special_tokens = False
        assert library.encode(text, add_special_tokens=False).ids == whole, text


@pytest.mark.parametrize("pre", RULES)
def test_ids_are_those_of_llama_cpp(pre: str, tmp_path: Path) -> None:
    check(built(tmp_path, partial(ggufs.add_byte_level, pre=pre)), pre)


@pytest.mark.parametrize(
    ("name", "prefix"), [("pieces", True), ("pieces without prefix", False)]
)
def test_ids_of_pieces_are_those_of_llama_cpp(
    name: str, prefix: bool, tmp_path: Path
) -> None:
    library = built(tmp_path, partial(ggufs.add_pieces, prefix=prefix))
    check(library, name)
    for text in ("two  spaces", " one before", "北 é\n", "x"):
        ids = library.encode(text, add_special_tokens=False).ids
        assert library.decode(ids, skip_special_tokens=False) == text


def test_every_rule_was_compared() -> None:
    compared = {PRE_TOKENIZERS[name] for name in RULES}
    assert set(PRE_TOKENIZERS.values()) == compared


def test_the_rules_differ_on_the_texts(tmp_path: Path) -> None:
    found = {name: json.dumps(GOLDENS["ids"][name]) for name in RULES}
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("pre", [None, "no-such-rule", "falcon", ""])
def test_unknown_rules_are_refused(pre: str | None, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"tokenizer\.ggml\.pre") as caught:
        built(tmp_path, partial(ggufs.add_byte_level, pre=pre))
    assert len(caught.value.problems) == 1


def test_tokens_are_the_files_id_for_id(tmp_path: Path) -> None:
    for maker in (ggufs.add_byte_level, ggufs.add_pieces):
        found = vocabulary(tmp_path, maker)
        library = Tokenizer.from_str(tokenizer_json(found))
        for index, token in enumerate(found.tokens):
            assert library.id_to_token(index) == token
            assert library.token_to_id(token) == index


def test_padding_of_the_vocabulary_is_left_out(tmp_path: Path) -> None:
    def maker(writer: gguf.GGUFWriter) -> int:
        ggufs.add_byte_level(writer)
        tokens, types = ggufs.byte_level_vocabulary(GOLDENS["merges"])
        padded = [f"[PAD{n}]" for n in range(7)]
        del writer.kv_data[0]["tokenizer.ggml.tokens"]
        del writer.kv_data[0]["tokenizer.ggml.token_type"]
        writer.add_token_list([*tokens, *padded])
        writer.add_token_types([*types, *[ggufs.UNUSED] * 7])
        return len(tokens) + 7

    tokens, _ = ggufs.byte_level_vocabulary(GOLDENS["merges"])
    library = built(tmp_path, maker)
    assert library.get_vocab_size(with_added_tokens=True) == len(tokens)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tokenizer.ggml.model", "t5", "kind 't5'"),
        ("tokenizer.ggml.model", 7, "not of the type"),
        ("tokenizer.ggml.tokens", ["a", "b", "a"], "'a' twice"),
        ("tokenizer.ggml.merges", ["\u0120 t", "q q"], "makes no token"),
        ("tokenizer.ggml.merges", ["\u0120t"], "makes no token"),
        ("tokenizer.ggml.token_type", [1, 1], "numbers"),
    ],
)
def test_damaged_vocabularies(
    key: str, value: Any, message: str, tmp_path: Path
) -> None:
    def maker(writer: gguf.GGUFWriter) -> int:
        size = ggufs.add_byte_level(writer)
        for each in ("tokenizer.ggml.token_type", key):
            writer.kv_data[0].pop(each, None)
        kinds: dict[type, Callable[[str, Any], None]]
        kinds = {str: writer.add_string, int: writer.add_uint32, list: writer.add_array}
        kinds[type(value)](key, value)
        return size

    with pytest.raises(ConversionError, match=message):
        built(tmp_path, maker)


@pytest.mark.parametrize(
    ("pre", "told", "expected"),
    [
        ("smollm", None, False),
        ("llama-bpe", None, True),
        ("llama-bpe", False, False),
        ("qwen2", True, True),
    ],
)
def test_what_stands_before_a_text(
    pre: str, told: bool | None, expected: bool, tmp_path: Path
) -> None:
    def maker(writer: gguf.GGUFWriter) -> int:
        if told is not None:
            writer.add_add_bos_token(told)
        writer.add_add_eos_token(expected)
        return ggufs.add_byte_level(writer, pre)

    library = built(tmp_path, maker)
    plain = library.encode("hi", add_special_tokens=False).ids
    around = [1, *plain, 2] if expected else plain
    assert library.encode("hi").ids == around


def test_templates_and_ends(tmp_path: Path) -> None:
    def maker(writer: gguf.GGUFWriter) -> int:
        writer.add_chat_template("the usual")
        writer.add_string("tokenizer.chat_template.tool_use", "with tools")
        return ggufs.add_byte_level(writer)

    found = vocabulary(tmp_path, maker)
    config = tokenizer_config(found, 77)
    assert config["chat_template"] == [
        {"name": "default", "template": "the usual"},
        {"name": "tool_use", "template": "with tools"},
    ]
    assert config["model_max_length"] == 77
    assert config["eos_token"] == "<|im_end|>" and config["bos_token"] == "<|im_start|>"
    decoder = config["added_tokens_decoder"]
    think = found.tokens.index("<think>")
    assert decoder["1"]["special"] is True and decoder[str(think)]["special"] is False
    # The one the file names, and those that end replies everywhere.
    assert [found.tokens[each] for each in found.ends] == [
        "<|im_end|>",
        "<|endoftext|>",
        "</s>",
    ]
