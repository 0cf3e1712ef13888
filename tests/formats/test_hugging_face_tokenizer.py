"""Tokenizers in Hugging Face's form, with small ones of each kind."""

import json
import random
from pathlib import Path

import pytest
from chat_models import KINDS, PLAIN, SPECIAL, byte_level, piece_like, write_folder
from checkpoints import TEXT_PIECES
from tokenizers import Tokenizer, decoders, normalizers, processors

from converters import ConversionError, load_tokenizer
from converters.tokenization.hugging_face import HuggingFaceTokenizer

TEXTS = [
    "the hell",
    " a  b\n\n\tc\r\n",
    "naïve 日本 🦉",
    "<0x41> <0xZZ>",
    "\u2581x",
    "",
]


def opened(folder: Path, *args: object, **config: object) -> HuggingFaceTokenizer:
    found = load_tokenizer(write_folder(folder, *args, **config))  # type: ignore[arg-type]
    assert isinstance(found, HuggingFaceTokenizer)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_text_comes_back(kind: str, tmp_path: Path) -> None:
    tokenizer = opened(tmp_path, KINDS[kind]())
    for text in TEXTS:
        ids = tokenizer.encode(text)
        assert all(0 <= i < tokenizer.vocab_size for i in ids)
        data = b"".join(map(tokenizer.token_bytes, ids))
        assert data.decode() == tokenizer.decode(ids)
        # A space before the first word is the tokenizer's own.
        came = data.decode().removeprefix(" " if tokenizer.strips_space else "")
        assert came == (text.replace("\u2581", " ") if kind == "pieces" else text)
    assert tokenizer.token_bytes(-1) == tokenizer.token_bytes(10**6) == b""


@pytest.mark.parametrize("kind", KINDS)
def test_content_yields_no_control_id(kind: str, tmp_path: Path) -> None:
    tokenizer = opened(tmp_path, KINDS[kind]())
    control = {tokenizer.added[token] for token in (*SPECIAL, *PLAIN)}
    rng = random.Random(3)
    for _ in range(2000):
        text = "".join(rng.choices([*SPECIAL, *PLAIN, *TEXT_PIECES], k=6))
        assert control.isdisjoint(tokenizer.encode(text)), text
    everything = "".join((*SPECIAL, *PLAIN))
    assert control == set(tokenizer.encode_rendered(everything)) & control


def test_what_a_normaliser_makes_of_a_text_is_no_control_token(tmp_path: Path) -> None:
    library = byte_level()
    library.normalizer = normalizers.NFKC()
    library.add_tokens(["<tool>"])
    tokenizer = opened(tmp_path, library)
    assert tokenizer.added["<tool>"] in tokenizer.encode_rendered("\uff1ctool\uff1e")
    ids = tokenizer.encode("a \uff1ctool\uff1e b")
    assert tokenizer.added["<tool>"] not in ids
    assert tokenizer.decode(ids) == "a <tool> b"


def test_added_tokens_have_their_text_and_special_ones_none(tmp_path: Path) -> None:
    tokenizer = opened(tmp_path, piece_like())
    for token in SPECIAL:
        assert tokenizer.token_bytes(tokenizer.added[token]) == b""
    for token in PLAIN:
        assert tokenizer.token_bytes(tokenizer.added[token]) == token.encode()
    # As Gemma's: added, and written with the letter that stands for a space.
    assert tokenizer.token_bytes(tokenizer.added["\u2581\u2581"]) == b"  "


def test_pieces_of_a_text_have_the_ids_of_the_whole(tmp_path: Path) -> None:
    for kind, make in KINDS.items():
        tokenizer = opened(tmp_path / kind, make())
        whole = tokenizer.encode_rendered("<|im_start|>the hell\nthe<|im_end|>\n x")
        parts = ["<|im_start|>the hell", "\nthe", "<|im_end|>\n x"]
        found = [
            i for n, p in enumerate(parts) for i in tokenizer.encode_rendered(p, n == 0)
        ]
        assert found == whole, kind


def test_a_reply_ends_with_any_of_the_ends(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [4, 1, 9999]}')
    tokenizer = load_tokenizer(tmp_path)
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    # config.json's, generation_config.json's, and those that chats end with.
    assert set(tokenizer.stop_ids) == {1, 4, tokenizer.added["<|im_end|>"]}


@pytest.mark.parametrize("value", ["</s>", {"content": "</s>", "special": True}])
def test_special_tokens_of_either_form(value: object, tmp_path: Path) -> None:
    tokenizer = opened(tmp_path, eos_token=value, unk_token=None)
    assert tokenizer.special == {"bos_token": "<s>", "eos_token": "</s>"}


def test_tokens_that_only_the_configuration_has(tmp_path: Path) -> None:
    size = byte_level().get_vocab_size()
    added = {str(size): {"content": "<|new|>", "special": True, "normalized": False}}
    tokenizer = opened(tmp_path, added_tokens_decoder=added, pad_token="<pad>")
    assert tokenizer.added["<|new|>"] == size
    assert tokenizer.added["<pad>"] == size + 1
    assert size not in tokenizer.encode("<|new|>")


def test_what_stands_before_every_text(tmp_path: Path) -> None:
    library = byte_level()
    assert opened(tmp_path / "none", library).begin == ()
    library.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    assert opened(tmp_path / "one", library).begin == (0,)


def test_templates_where_they_may_be(tmp_path: Path) -> None:
    named = [
        {"name": "tool_use", "template": "t"},
        {"name": "default", "template": "d"},
    ]
    assert opened(tmp_path / "list", byte_level(), None).chat_template is None
    folder = tmp_path / "named"
    assert opened(folder, byte_level(), named).chat_template == "d"
    (folder / "chat_template.jinja").write_text("own é", encoding="utf-8")
    found = load_tokenizer(folder)
    assert isinstance(found, HuggingFaceTokenizer) and found.chat_template == "own é"
    older = write_folder(tmp_path / "older", byte_level(), None)
    (older / "chat_template.json").write_text(json.dumps({"chat_template": "o"}))
    found = load_tokenizer(older)
    assert isinstance(found, HuggingFaceTokenizer) and found.chat_template == "o"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_is_no_content(encoding: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, template=None)
    (folder / "chat_template.jinja").write_text("own é", encoding="utf-8")
    plain = load_tokenizer(folder).encode("the hell")
    files = list(folder.iterdir())
    assert len(files) == 4
    for file in files:
        file.write_bytes(file.read_text("utf-8").encode(encoding))
    found = load_tokenizer(folder)
    assert isinstance(found, HuggingFaceTokenizer) and found.chat_template == "own é"
    assert found.encode("the hell") == plain


def word_piece() -> Tokenizer:
    made = byte_level()
    made.decoder = decoders.WordPiece()
    return made


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("tokenizer.json", None, "no tokenizer.json"),
        ("tokenizer.json", "{}", "cannot be used"),
        ("tokenizer_config.json", "{", "not valid JSON"),
        ("tokenizer_config.json", "[]", "no JSON object"),
        ("generation_config.json", "\x00", "nothing but zeros"),
        ("config.json", "[", "config.json"),
        ("chat_template.jinja", "a\x00b", "is binary"),
    ],
)
def test_damage_is_said(
    file: str, content: str | None, sentence: str, tmp_path: Path
) -> None:
    path = write_folder(tmp_path) / file
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(ConversionError, match=sentence) as caught:
        load_tokenizer(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_decoder_that_needs_whole_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="WordPiece"):
        opened(tmp_path, word_piece())
