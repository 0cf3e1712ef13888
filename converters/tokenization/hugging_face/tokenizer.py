"""A tokenizer in Hugging Face's form, whatever model it belongs to."""

import json
from collections.abc import Iterable
from typing import Any

from tokenizers import AddedToken
from tokenizers import Tokenizer as Library

from backends.stand_ins import SNIFFED_BYTES, stand_in
from backends.text_files import as_utf8

from ...errors import ConversionError, shown
from ..base import without_surrogates
from .control import ControlTokens
from .files import TokenizerFiles
from .table import Decoder

# Tokens that end a reply in chats, whatever the configurations say.
ENDS = ("<|eot_id|>", "<|im_end|>", "<|eom_id|>", "<end_of_turn>", "<turn|>")


class HuggingFaceTokenizer:
    """A `tokenizer.json`, with what the files beside it say about it.

    `special` are the named special tokens, such as `bos_token`; `added` the ids of
    all added tokens by their texts; `begin` the ids that stand before every text, as
    a rule one or none; `stop_ids` those that end a reply; `splits` the control
    tokens at which a text can be cut without a change of its ids, `all_control` all
    added tokens that are no white space.

    Raises `ConversionError` when the file is damaged or of a kind that cannot be
    written token by token.
    """

    kind = "hugging_face"

    def __init__(
        self,
        data: bytes,
        files: TokenizerFiles | None = None,
        name: str = "tokenizer.json",
    ) -> None:
        files = files or TokenizerFiles()
        self._library = library = _build(data, name)
        self.chat_template = files.chat_template
        self.special = dict(files.special)
        self._add(files)
        decoder = library.get_added_tokens_decoder()
        self.added = {token.content: index for index, token in decoder.items()}
        special = {t.content for t in decoder.values() if t.special}
        self._special = special | ({*self.special.values()} & self.added.keys())
        self._decoder = Decoder(_state(library.decoder), name)
        self.strips_space = self._decoder.strips_space
        self.vocab_size = max(
            [library.get_vocab_size(with_added_tokens=False), *(i + 1 for i in decoder)]
        )
        self._known = {
            index: b""
            if token.content in self._special
            else self._decoder.bytes_of_added(token.content)
            for index, token in decoder.items()
        }
        form = str(_state(library.normalizer)) + str(_state(library.pre_tokenizer))
        self._adds_space = any(
            sign in form
            for sign in ("'Prepend'", "'Metaspace'", "'add_prefix_space': True")
        )
        self._newline = self._ids("\n")
        self.begin = tuple(library.encode("", add_special_tokens=True).ids)
        if self.begin and self.begin[0] == self.token_id(self.special.get("eos_token")):
            self.begin = ()
        plain = _state(library.normalizer) in (
            None,
            {"type": "Sequence", "normalizers": []},
        )
        self.splits = ControlTokens(
            {
                token.content: index
                for index, token in decoder.items()
                if token.content in self._special
                and not (token.lstrip or token.single_word)
                and (plain or not token.normalized)
            }
        )
        self.all_control = self.control_tokens(None)
        ends = [*ENDS, self.special.get("eos_token")]
        named = (self.token_id(text) for text in ends)
        self.stop_ids = tuple(
            dict.fromkeys(
                i
                for i in (*files.end_ids, *named)
                if i is not None and i < self.vocab_size
            )
        )

    def control_tokens(self, literals: str | None) -> ControlTokens:
        """The special tokens, and the added ones that a template's literals have.

        None stands for a template with every added token in it. White space, which
        some vocabularies have as added tokens, is no control token.
        """
        return ControlTokens(
            {
                text: index
                for text, index in self.added.items()
                if text in self._special
                or ((literals is None or text in literals) and not text.isspace())
            }
        )

    def token_id(self, token: str | None) -> int | None:
        """The id of a token by its exact text, None when there is none."""
        return None if token is None else self._library.token_to_id(token)

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of content; never a control id."""
        return self.encode_content(text, self.all_control)

    def encode_content(
        self, text: str, control: ControlTokens, first: bool = True
    ) -> list[int]:
        """Ids of a text without any of these control tokens, whatever it says.

        `first` says that no other text stands before it.
        """
        ids: list[int] = []
        for piece in control.cut(without_surrogates(text)):
            found = self.encode_rendered(piece, first)
            if not control.ids.isdisjoint(found):
                # A normaliser has made one; no single character can be one.
                found = [i for c in piece for i in self.encode_rendered(c, False)]
                found = [i for i in found if i not in control.ids]
            ids += found
            first = False
        return ids

    def encode_rendered(self, text: str, first: bool = True) -> list[int]:
        """Ids of a text in which control tokens are what they say."""
        if first or not self._adds_space or not text:
            return self._ids(text)
        # Some put a space before every text; behind a line break it is not there.
        ids = self._ids("\n" + text)
        size = len(self._newline)
        return ids[size:] if ids[:size] == self._newline else self._ids(text)

    def decode(self, ids: Iterable[int]) -> str:
        """Text of the ids; control ids have none."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, id: int) -> bytes:
        """The bytes a token stands for; b"" for control ids and unknown ids."""
        if (known := self._known.get(id)) is None:
            token = self._library.id_to_token(id) if id >= 0 else None
            known = b"" if token is None else self._decoder.bytes_of(token)
            self._known[id] = known
        return known

    def _ids(self, text: str) -> list[int]:
        return self._library.encode(text, add_special_tokens=False).ids

    def _add(self, files: TokenizerFiles) -> None:
        """Tokens that only the configurations name, as Transformers adds them."""
        known = {t.content for t in self._library.get_added_tokens_decoder().values()}
        flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
        for _, token in sorted(files.added.items()):
            if token["content"] not in known:
                options: dict[str, Any] = {
                    flag: bool(token[flag]) for flag in flags if flag in token
                }
                added = AddedToken(token["content"], **options)
                add = self._library.add_tokens
                if added.special:
                    add = self._library.add_special_tokens
                add([added])
                known.add(token["content"])
        missing = [t for t in dict.fromkeys(self.special.values()) if t not in known]
        self._library.add_special_tokens(missing)


def _state(part: Any) -> Any:
    """A part of the library's tokenizer as its JSON says it."""
    return None if part is None else json.loads(part.__getstate__())


def _build(data: bytes, name: str) -> Library:
    if clause := stand_in(data[:SNIFFED_BYTES]):
        raise ConversionError(f"{name} {clause}.")
    try:
        library = Library.from_buffer(as_utf8(data))
        library.no_truncation()
        library.no_padding()
        library.encode("probe", add_special_tokens=False)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library's panics are no Exception
        raise ConversionError(
            f"{name} cannot be used as a tokenizer: {shown(str(error))}; get the file "
            "again."
        ) from error
    return library
