"""Our tokenizers in the form that transformers reads: the same ids, text for text."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from builtin_model import FOLDER, PROMPTS
from checkpoints import IM_END, IM_START, checkpoint_tensors, control_texts
from configurations import configuration
from mlx_lm_tools import Peer, needs_mlx_lm
from running import build

from converters import ConversionError, convert, load_tokenizer
from converters.tokenization import GenesisTokenizer
from converters.tokenization.library_form import library_files
from converters.tokenization.library_pieces import LibraryPieceTokenizer
from genesis_chat.models.library_folder import library_folder

KINDS = ["sentencepiece", "neox"]
Folder = Callable[[str], Path]
Both = tuple[GenesisTokenizer, GenesisTokenizer]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A converted model with a tokenizer of a kind."""

    @cache
    def made(kind: str) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        if kind == "sentencepiece":
            convert(FOLDER, folder / "model")
        else:
            config = configuration("no-ttt", n_layer=1)
            build(config, checkpoint_tensors(config), folder)
        return folder / "model"

    return made


def texts(count: int) -> list[str]:
    """Awkward texts without what is a control token in the other form, or a space."""
    found = list(PROMPTS)
    for text in control_texts(2 * count):
        while IM_START in text or IM_END in text or "\u2581" in text:
            text = text.replace(IM_START, "").replace(IM_END, "").replace("\u2581", "")
        found.append(text)
    # One text is nothing at all, which stays one.
    return found[:count]


@needs_mlx_lm
@pytest.mark.parametrize("kind", KINDS)
def test_2000_texts_have_our_ids(kind: str, folder: Folder, peer: Peer) -> None:
    tokenizer = load_tokenizer(folder(kind))
    assert isinstance(tokenizer, GenesisTokenizer)
    given = texts(2000)
    found = peer(library_folder(folder(kind)), texts=given)
    wrong = [
        text
        for text, ids in zip(given, found["ids"], strict=True)
        if ids != tokenizer.encode(text)
    ]
    assert len(given) == 2000
    assert wrong == []
    assert found["ends"] == [tokenizer.im_end]


@pytest.fixture(scope="module")
def both(folder: Folder) -> Both:
    """A SentencePiece model's tokenizer, and the one read back from the other form."""
    made = library_files(folder("sentencepiece"))["tokenizer.json"]
    own = load_tokenizer(folder("sentencepiece"))
    assert isinstance(own, GenesisTokenizer)
    return own, LibraryPieceTokenizer(made.encode())


def test_the_form_is_read_back(both: Both) -> None:
    own, back = both
    assert (back.kind, back.vocab_size) == (own.kind, own.vocab_size)
    assert (back.im_start, back.im_end) == (own.im_start, own.im_end)
    # Control tokens and U+2581 too: what is read back takes a person's text as ours.
    for text in [*PROMPTS, *control_texts(2000, seed=8)]:
        assert back.encode(text) == own.encode(text)
    ids = range(-1, own.vocab_size + 1)
    assert [back.token_bytes(i) for i in ids] == [own.token_bytes(i) for i in ids]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["model"].pop("merges"), "no tokenizer of Genesis"),
        (lambda content: content["model"].update(type="None"), "cannot be used"),
        (lambda content: content["model"]["vocab"].pop("<0x41>"), "gaps"),
        (lambda content: content.update(normalizer=None), "spaces"),
    ],
)
def test_a_damaged_form_is_refused(
    change: Callable[[object], object], message: str, folder: Folder
) -> None:
    content = json.loads(library_files(folder("sentencepiece"))["tokenizer.json"])
    change(content)
    with pytest.raises(ConversionError, match=message):
        LibraryPieceTokenizer(json.dumps(content).encode())
