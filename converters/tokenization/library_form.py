"""Genesis's tokenizers in the form that transformers and mlx-lm read.

In that form control tokens are found in a text, since a chat template writes them
there; Genesis's other tokens that stand for no text are not. U+2581, with which
SentencePiece writes spaces, becomes a space in it. Otherwise the ids are the same.
"""

import json
from pathlib import Path
from typing import Any

from backends.genesis.model_files import read_args

from ..errors import ConversionError, shown
from . import FILE_NAMES, LIBRARY_FILE, load_tokenizer, read_tokenizer_file
from .base import IM_END, IM_START, GenesisTokenizer

CONFIG_FILE = "tokenizer_config.json"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    f"{IM_START}{{{{ message['role'] + '\\n' + message['content'] }}}}\n{IM_END}\n"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{IM_START}assistant\n{{% endif %}}"
)


def library_files(directory: Path) -> dict[str, str]:
    """Names and contents of the files that a converted model's tokenizer becomes.

    The chat template in them lays conversations out as Genesis was tuned on them.
    Raises `ConversionError`, `ConfigError` when the model's own cannot be read.
    """
    tokenizer = load_tokenizer(directory)
    if not isinstance(tokenizer, GenesisTokenizer):
        raise ConversionError(f"{shown(str(directory))} holds no Genesis model.")
    data = read_tokenizer_file(directory / FILE_NAMES[tokenizer.kind])
    if tokenizer.kind == "neox":
        library = _byte_level(json.loads(data), tokenizer)
    else:
        library = _pieces(data, tokenizer)
    config = _config(read_args(directory).block_size)
    return {LIBRARY_FILE: library, CONFIG_FILE: json.dumps(config, indent=2) + "\n"}


def _config(context: int) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "eos_token": IM_END,
        "chat_template": CHAT_TEMPLATE,
    }


def _byte_level(content: dict[str, Any], tokenizer: GenesisTokenizer) -> str:
    known = content["model"]["vocab"]
    control = {IM_START: tokenizer.im_start, IM_END: tokenizer.im_end}
    # Other markers are ordinary text to Genesis; those not in the vocabulary stay, or
    # their ids would mean other tokens.
    own = [
        token
        for token in content.get("added_tokens", [])
        if token["content"] not in control
        and not (
            token["content"] in known
            and (token["special"] or token["content"].startswith("<|"))
        )
    ]
    added = [
        {
            "id": index,
            "content": text,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for text, index in control.items()
    ]
    changed = {"added_tokens": [*own, *added], "post_processor": None}
    plain = {"truncation": None, "padding": None}
    return json.dumps(content | changed | plain, ensure_ascii=False)


def _pieces(data: bytes, tokenizer: GenesisTokenizer) -> str:
    import numpy as np
    import sentencepiece

    from ..gguf.tokenizer import tokenizer_json
    from ..gguf.vocabulary import BYTE, NORMAL, PIECES, UNUSED, Vocabulary

    library = sentencepiece.SentencePieceProcessor()
    library.LoadFromSerializedProto(data)
    control = {tokenizer.im_start, tokenizer.im_end}

    def kind(index: int) -> int:
        if library.is_byte(index):
            return BYTE
        return NORMAL if index in control or tokenizer.token_bytes(index) else UNUSED

    count = tokenizer.vocab_size
    return tokenizer_json(
        Vocabulary(
            kind=PIECES,
            tokens=[library.id_to_piece(index) for index in range(count)],
            types=np.array([kind(index) for index in range(count)], np.int32),
            scores=np.array([library.get_score(i) for i in range(count)], np.float32),
            merges=[],
            pre=None,
            bos=None,
            eos=None,
            unk=None,
            pad=None,
            ends=tuple(sorted(control)),
            add_bos=False,
            add_eos=False,
            add_space_prefix=False,
            templates={},
        )
    )
