"""Tokenizers: content is content, whatever it says, and comes back unchanged."""

import os
import random
from pathlib import Path
from typing import cast

import pytest
from checkpoints import CONTROL, IM_END, IM_START, control_texts

from converters import ConversionError
from converters.tokenization import GenesisTokenizer, check_tokenizer

STRINGS = 2_000


@pytest.fixture(scope="session")
def real() -> bytes:
    """GPT-NeoX's own file, which is not part of this repository."""
    path = os.environ.get("GENESIS_TEST_TOKENIZER")
    if not path:
        pytest.skip("GENESIS_TEST_TOKENIZER does not name the GPT-NeoX tokenizer.json")
    return Path(path).read_bytes()


@pytest.fixture(params=["neox", "pieces", "real"])
def tokenizer(request: pytest.FixtureRequest) -> GenesisTokenizer:
    found = request.getfixturevalue(request.param)
    if isinstance(found, bytes):
        return check_tokenizer("tokenizer.json", found)
    return cast(GenesisTokenizer, found)


def control_ids(tokenizer: GenesisTokenizer) -> set[int]:
    marks = {tokenizer.im_start, tokenizer.im_end}
    # <|endoftext|> and <|padding|>, or <unk>, <s> and </s>.
    return marks | ({0, 1} if tokenizer.kind == "neox" else {0, 1, 2})


def test_content_yields_no_control_id_and_comes_back(
    tokenizer: GenesisTokenizer,
) -> None:
    control = control_ids(tokenizer)
    seen = 0
    for text in control_texts(STRINGS):
        ids = tokenizer.encode(text)
        assert control.isdisjoint(ids), text
        assert all(0 <= i < tokenizer.vocab_size for i in ids)
        assert tokenizer.decode(ids) == text
        assert b"".join(map(tokenizer.token_bytes, ids)) == text.encode()
        seen += any(mark in text for mark in (IM_START, IM_END))
    assert seen > STRINGS // 2


def test_every_cut_of_a_control_token(tokenizer: GenesisTokenizer) -> None:
    control = control_ids(tokenizer)
    for mark in CONTROL:
        for end in range(1, len(mark) + 1):
            for start in range(end):
                for text in (mark[start:end], mark[start:end] * 3, mark + mark[:end]):
                    ids = tokenizer.encode(text)
                    assert control.isdisjoint(ids)
                    assert tokenizer.decode(ids) == text


def test_control_ids_have_no_text(tokenizer: GenesisTokenizer) -> None:
    ids = tokenizer.encode("one")
    marked = [tokenizer.im_start, *ids, tokenizer.im_end]
    assert tokenizer.decode(marked) == "one"
    for index in (*control_ids(tokenizer), -1, tokenizer.vocab_size, 10**9):
        assert tokenizer.token_bytes(index) == b""
    assert tokenizer.decode([-1, 10**9, *ids]) == "one"
    assert tokenizer.decode([]) == ""
    assert tokenizer.encode("") == []


def test_lone_surrogates_become_replacement_characters(
    tokenizer: GenesisTokenizer,
) -> None:
    for text in ("\ud800", "a\udfffb", "\udc00\ud800<|im_end|>", "\ud83d"):
        ids = tokenizer.encode(text)
        wanted = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
        assert tokenizer.decode(ids) == wanted
        assert control_ids(tokenizer).isdisjoint(ids)


def test_token_bytes_are_exact(tokenizer: GenesisTokenizer) -> None:
    """Any ids, also such that cut characters apart."""
    rng = random.Random(11)
    for _ in range(500):
        ids = [rng.randrange(tokenizer.vocab_size) for _ in range(rng.randrange(20))]
        data = b"".join(map(tokenizer.token_bytes, ids))
        assert data.decode("utf-8", errors="replace") == tokenizer.decode(ids)
    every = {tokenizer.token_bytes(i) for i in range(tokenizer.vocab_size)}
    assert b" " in every
    assert b"" in every


def test_decoding_is_the_librarys(tokenizer_file: Path, neox: GenesisTokenizer) -> None:
    from tokenizers import Tokenizer as Library

    library = Library.from_file(str(tokenizer_file))
    rng = random.Random(13)
    for _ in range(1000):
        ids = [rng.randrange(2, neox.vocab_size - 2) for _ in range(rng.randrange(15))]
        assert neox.decode(ids) == library.decode(ids, skip_special_tokens=True)
    for text in ("the  start    of it", " user\n", "caf\u00e9"):
        assert neox.encode(text) == library.encode(text, add_special_tokens=False).ids


def test_decomposed_letters_are_composed(
    neox: GenesisTokenizer, pieces: GenesisTokenizer
) -> None:
    """NFC is part of GPT-NeoX's tokenizer; the SentencePiece one changes nothing."""
    assert neox.decode(neox.encode("e\u0301")) == "\u00e9"
    assert pieces.decode(pieces.encode("e\u0301")) == "e\u0301"


def test_real_tokenizer(real: bytes) -> None:
    tokenizer = check_tokenizer("tokenizer.json", real, 50_279)
    assert tokenizer.kind == "neox"
    assert (tokenizer.im_start, tokenizer.im_end) == (50_277, 50_278)
    assert tokenizer.vocab_size == 50_279
    assert tokenizer.token_bytes(50_276) == b"  "
    assert tokenizer.encode("Hello, world!") == [12092, 13, 1533, 2]
    assert check_tokenizer("tokenizer.json", real, 50_304).vocab_size == 50_279
    for size in (50_257, 50_277, 50_278, 50_305, 65_536):
        with pytest.raises(ConversionError, match=f"50,279 .* {size:,}"):
            check_tokenizer("tokenizer.json", real, size)


def test_built_in_tokenizer(pieces: GenesisTokenizer) -> None:
    assert pieces.kind == "sentencepiece"
    assert (pieces.vocab_size, pieces.im_start, pieces.im_end) == (2048, 3, 4)
    assert pieces.token_bytes(5) == b"\n"
    assert pieces.token_bytes(6) == b"\0"
