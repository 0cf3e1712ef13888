"""Text comes in whole characters, however they are cut into tokens."""

import random
import unicodedata
from pathlib import Path

import pytest
from checkpoints import write_small_neox
from loaded import tokenizer_of

from converters.tokenization import GenesisTokenizer, check_tokenizer
from genesis_chat import Genesis
from genesis_chat.engine.detokenizer import Detokenizer
from genesis_chat.engine.prompt import GenesisFormat
from genesis_chat.history.rows import storable


class Shown:
    """A detokenizer of replies without thoughts: texts alone."""

    def __init__(self, tokenizer: GenesisTokenizer) -> None:
        self._detokenizer = Detokenizer(tokenizer, GenesisFormat(tokenizer), False)

    def push(self, token: int) -> str:
        return "".join(text for _, text in self._detokenizer.push(token))

    def flush(self) -> str:
        return "".join(text for _, text in self._detokenizer.flush())


TEXTS = ["naïve café", "日本語のテキスト", "👩‍👩‍👧 and 🇫🇷", "a\u0301b", "x 🦉 y\n\tz"]


@pytest.fixture(params=["pieces", "neox"])
def tokenizer(
    request: pytest.FixtureRequest, genesis: Genesis, tmp_path: Path
) -> GenesisTokenizer:
    if request.param == "pieces":
        return tokenizer_of(genesis)
    path = tmp_path / "tokenizer.json"
    write_small_neox(path)
    return check_tokenizer(path.name, path.read_bytes())


@pytest.mark.parametrize("text", TEXTS)
def test_characters_split_over_tokens_come_whole(
    text: str, tokenizer: GenesisTokenizer
) -> None:
    text = unicodedata.normalize("NFC", text)
    ids = tokenizer.encode(text)
    # Otherwise there is nothing to put together.
    assert any(not decodes(tokenizer.token_bytes(i)) for i in ids)
    detokenizer = Shown(tokenizer)
    shown = []
    for position, token in enumerate(ids):
        shown.append(detokenizer.push(token))
        assert "\ufffd" not in shown[-1]
        assert text.startswith("".join(shown)), position
    assert "".join(shown) + detokenizer.flush() == text


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_unfinished_character_is_shown_as_such_at_the_end(
    tokenizer: GenesisTokenizer,
) -> None:
    *ids, _ = tokenizer.encode("ok 🦉")
    detokenizer = Shown(tokenizer)
    assert "".join(map(detokenizer.push, ids)) == "ok"
    assert detokenizer.flush() == " \ufffd"


def test_random_tokens_stream_as_they_decode_together(
    tokenizer: GenesisTokenizer,
) -> None:
    rng = random.Random(41)
    size = min(tokenizer.vocab_size, 290)
    for _ in range(200):
        ids = [rng.randrange(5, size) for _ in range(rng.randint(1, 60))]
        detokenizer = Shown(tokenizer)
        shown = "".join(map(detokenizer.push, ids)) + detokenizer.flush()
        data = b"".join(map(tokenizer.token_bytes, ids))
        expected = data.decode("utf-8", "replace").replace("\0", "\ufffd")
        assert shown.strip() == expected.strip()
        # White space at the end is held back until something follows.
        assert shown == shown.rstrip()


def test_whatever_is_shown_the_history_keeps_as_it_is(
    tokenizer: GenesisTokenizer,
) -> None:
    for token in range(tokenizer.vocab_size):
        detokenizer = Shown(tokenizer)
        shown = detokenizer.push(token) + detokenizer.flush()
        assert shown == storable(shown), token


def test_control_tokens_give_no_text(tokenizer: GenesisTokenizer) -> None:
    detokenizer = Shown(tokenizer)
    ids = [tokenizer.im_start, *tokenizer.encode("hi"), tokenizer.im_end]
    assert "".join(map(detokenizer.push, ids)) + detokenizer.flush() == "hi"
