"""Tokenizer files: which are refused, and what of them is not obeyed."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checkpoints import (
    IM_END,
    IM_START,
    checkpoint_tensors,
    control_texts,
    small_config,
    write_checkpoint,
)
from edited_json import edited

from converters import (
    ConversionError,
    Manifest,
    convert,
    load_tokenizer,
)
from converters.tokenization import GenesisTokenizer, check_tokenizer


def marks(*ids: int, special: bool) -> Callable[[dict[str, Any]], None]:
    def add(content: dict[str, Any]) -> None:
        like = content["added_tokens"][0]
        for index, text in zip(ids, (IM_START, IM_END), strict=False):
            token = {**like, "id": index, "content": text, "special": special}
            content["added_tokens"].append(token)

    return add


@pytest.mark.parametrize("special", [True, False])
def test_file_that_has_the_control_tokens(
    special: bool, tokenizer_file: Path, neox: GenesisTokenizer
) -> None:
    """Special or not, they are not looked for in content."""
    data = edited(tokenizer_file, marks(292, 293, special=special))
    other = check_tokenizer("t", data, 294)
    assert (other.im_start, other.im_end) == (neox.im_start, neox.im_end) == (292, 293)
    for text in control_texts(300):
        assert other.encode(text) == neox.encode(text)


@pytest.mark.parametrize("ids", [(293, 292), (292, 294), (293,), (0,)])
def test_control_tokens_under_other_ids(
    ids: tuple[int, ...], tokenizer_file: Path
) -> None:
    data = edited(tokenizer_file, marks(*ids, special=True))
    with pytest.raises(ConversionError, match="as token"):
        check_tokenizer("t", data)


def test_markers_are_not_looked_for_even_if_not_special(tokenizer_file: Path) -> None:
    def weaken(content: dict[str, Any]) -> None:
        for token in content["added_tokens"]:
            token["special"] = False

    tokenizer = check_tokenizer("t", edited(tokenizer_file, weaken))
    ids = tokenizer.encode("<|endoftext|>  <|padding|>")
    assert {0, 1}.isdisjoint(ids)
    assert tokenizer.decode(ids) == "<|endoftext|>  <|padding|>"


def test_instructions_of_the_file_are_not_followed(tokenizer_file: Path) -> None:
    """Truncation, padding and templates would change what a person wrote."""

    def instruct(content: dict[str, Any]) -> None:
        content["truncation"] = {
            "direction": "Right",
            "max_length": 3,
            "strategy": "LongestFirst",
            "stride": 0,
        }
        content["padding"] = {
            "strategy": {"Fixed": 50},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 1,
            "pad_type_id": 0,
            "pad_token": "<|padding|>",
        }

    tokenizer = check_tokenizer("t", edited(tokenizer_file, instruct))
    assert tokenizer.decode(tokenizer.encode("the user " * 20)) == "the user " * 20


def test_gaps_are_refused(tokenizer_file: Path) -> None:
    def gap(content: dict[str, Any]) -> None:
        vocabulary = content["model"]["vocab"]
        last = max(vocabulary, key=vocabulary.get)
        vocabulary[last] += 1000

    with pytest.raises(ConversionError, match="gaps"):
        check_tokenizer("t", edited(tokenizer_file, gap))


def unigram(content: dict[str, Any]) -> None:
    content["model"] = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]]}


def metaspace(content: dict[str, Any]) -> None:
    content["decoder"] = {
        "type": "Metaspace",
        "replacement": "\u2581",
        "prepend_scheme": "always",
    }


@pytest.mark.parametrize("edit", [unigram, metaspace])
def test_other_kinds_are_refused(edit: Any, tokenizer_file: Path) -> None:
    with pytest.raises(ConversionError, match="byte-level BPE"):
        check_tokenizer("t", edited(tokenizer_file, edit))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{}",
        b'{"added_tokens": 3}',
        b'{"added_tokens": [{"id": "x"}]}',
        b'{"model": {"type": "BPE"}, "pre_tokenizer": {"type": "ByteLevel"},'
        b' "decoder": {"type": "ByteLevel"}}',
        b"[" * 100_000,
        b"{" * 100_000,
        b"\0" * 1000,
        b"\x0a\xff\xff\xff\xff\xff",
        b"PK\x03\x04",
        "\ufeff{}".encode(),
    ],
)
def test_damaged_files(data: bytes) -> None:
    with pytest.raises(ConversionError) as caught:
        check_tokenizer("tokenizer.x", data)
    assert len(caught.value.problems) == 1
    assert "tokenizer.x" in caught.value.problems[0]


def test_damaged_sentencepiece_files(assets: Path) -> None:
    """Cut or changed: refused, or a tokenizer that keeps its promises."""
    data = (assets / "tokenizer.model").read_bytes()
    rng = random.Random(17)
    refused = 0
    for number in range(150):
        bad = bytearray(data)
        if number % 3:
            bad[rng.randrange(len(bad) if number % 2 else 400)] ^= 1 << rng.randrange(8)
        else:
            del bad[rng.randrange(len(bad)) :]
        try:
            tokenizer = check_tokenizer("m", bytes(bad), 2048)
        except ConversionError:
            refused += 1
            continue
        for text in control_texts(5, seed=number):
            ids = tokenizer.encode(text)
            assert {tokenizer.im_start, tokenizer.im_end}.isdisjoint(ids)
    assert refused > 40


def test_sentencepiece_that_changes_text(tmp_path: Path) -> None:
    import io

    import sentencepiece

    options: dict[str, Any] = {
        "sentence_iterator": iter(["the user and the assistant of it"] * 50),
        "vocab_size": 290,
        "model_type": "bpe",
        "byte_fallback": True,
        "user_defined_symbols": [IM_START, IM_END],
        "minloglevel": 2,
    }
    strict = {
        "normalization_rule_name": "identity",
        "add_dummy_prefix": False,
        "remove_extra_whitespaces": False,
    }
    for change, message in (
        ({}, None),
        ({"add_dummy_prefix": True}, "changes text"),
        ({"remove_extra_whitespaces": True}, "changes text"),
        ({"normalization_rule_name": "nmt_nfkc"}, "changes text"),
        ({"byte_fallback": False, "vocab_size": 34}, "lacks byte pieces"),
        ({"user_defined_symbols": [IM_START]}, "has no piece <|im_end|>"),
    ):
        model = io.BytesIO()
        options["sentence_iterator"] = iter(["the user and the assistant of it"] * 50)
        sentencepiece.SentencePieceTrainer.train(
            model_writer=model, **{**options, **strict, **change}
        )
        if message is None:
            check_tokenizer("m", model.getvalue())
            continue
        with pytest.raises(ConversionError, match=message):
            check_tokenizer("m", model.getvalue())


def test_conversion_checks_the_tokenizer(
    checkpoint: Path, tokenizer_file: Path, assets: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match=r"2,048 .* 294"):
        convert(checkpoint, tmp_path / "out", tokenizer=assets / "tokenizer.model")
    with pytest.raises(ConversionError, match="does not exist"):
        convert(checkpoint, tmp_path / "out", tokenizer=tmp_path / "nothing.json")
    with pytest.raises(ConversionError, match="is not a file; give a tokenizer"):
        convert(checkpoint, tmp_path / "out", tokenizer=tmp_path)
    assert not (tmp_path / "out").exists()
    convert(checkpoint, tmp_path / "out", tokenizer=tokenizer_file)
    assert load_tokenizer(tmp_path / "out").vocab_size == 294
    padded = small_config(384)
    path = write_checkpoint(
        tmp_path / "padded.safetensors", padded, checkpoint_tensors(padded)
    )
    convert(path, tmp_path / "padded", tokenizer=tokenizer_file)
    assert load_tokenizer(tmp_path / "padded").vocab_size == 294


def test_the_tokenizer_is_the_one_the_configuration_names(
    converted: Manifest, tmp_path: Path, assets: Path
) -> None:
    """Another file beside it changes nothing."""
    directory = tmp_path / "models" / "small"
    (directory / "tokenizer.model").write_bytes(
        (assets / "tokenizer.model").read_bytes()
    )
    assert load_tokenizer(directory).kind == "neox"


@pytest.mark.parametrize("damage", ["missing", "kind", "other size", "no config"])
def test_a_tokenizer_that_does_not_fit_is_refused(
    damage: str, converted: Manifest, tmp_path: Path
) -> None:
    directory = tmp_path / "models" / "small"
    path = directory / "config.json"
    config = json.loads(path.read_text())
    match damage:
        case "missing":
            (directory / "tokenizer.json").unlink()
        case "kind":
            path.write_text(json.dumps({**config, "tokenizer": {"kind": "bytes"}}))
        case "other size":
            path.write_text(json.dumps({**config, "vocab_size": 1000}))
        case "no config":
            path.unlink()
    with pytest.raises(ConversionError, match=r"tokenizer"):
        load_tokenizer(directory)
