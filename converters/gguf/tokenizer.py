"""A tokenizer.json and tokenizer_config.json from a GGUF file's vocabulary."""

import json
from typing import Any

import numpy as np
from tokenizers import Tokenizer as Library

from ..errors import ConversionError, shown
from .merges import merges, merges_of_scores
from .pre_tokenizers import pre_tokenizer
from .vocabulary import BYTE_LEVEL, UNUSED, USER_DEFINED, Vocabulary

SPACE = "\u2581"


def tokenizer_json(vocabulary: Vocabulary) -> str:
    """The tokenizer in the form of the `tokenizers` library, which was tried on it.

    Raises `ConversionError` when the file's way of cutting texts is not known, or
    when the library's tokens are not the file's, id for id.
    """
    tokens, size = vocabulary.tokens, _used(vocabulary)
    if len(set(tokens[:size])) != size:
        seen: set[str] = set()
        twice = next(t for t in tokens if t in seen or seen.add(t))  # type: ignore[func-returns-value]
        raise ConversionError(
            f"The file's vocabulary has the token {shown(repr(twice))} twice."
        )
    added = _added(vocabulary)
    # Those at the end need no place among the texts that merges can make.
    own = size
    while own - 1 in added:
        own -= 1
    model: dict[str, Any] = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {token: index for index, token in enumerate(tokens[:own])},
    }
    if vocabulary.kind == BYTE_LEVEL:
        rule = pre_tokenizer(vocabulary.pre)
        add_bos = rule.add_bos
        parts = _byte_level(rule.patterns)
        model |= {
            "ignore_merges": rule.whole_words,
            "merges": merges(vocabulary, model["vocab"]),
        }
    else:
        add_bos = True
        parts = _pieces(vocabulary.add_space_prefix)
        unknown = None if vocabulary.unk is None else tokens[vocabulary.unk]
        model |= {
            "unk_token": unknown if unknown in model["vocab"] else None,
            "fuse_unk": True,
            "byte_fallback": True,
            "merges": merges_of_scores(vocabulary, own),
        }
    if vocabulary.add_bos is not None:
        add_bos = vocabulary.add_bos
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, **entry} for index, entry in added.items()],
        **parts,
        "post_processor": _around(vocabulary, add_bos),
        "model": model,
    }
    text = json.dumps(content, ensure_ascii=False)
    _check(text, tokens[:size])
    return text


def tokenizer_config(vocabulary: Vocabulary, context: int) -> dict[str, Any]:
    """What transformers and mlx-lm want to know beside the tokenizer."""
    names = {
        "bos_token": vocabulary.bos,
        "eos_token": vocabulary.eos,
        "unk_token": vocabulary.unk,
        "pad_token": vocabulary.pad,
    }
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "added_tokens_decoder": {
            str(index): entry for index, entry in _added(vocabulary).items()
        },
        **{
            name: vocabulary.tokens[index]
            for name, index in names.items()
            if index is not None
        },
    }
    templates = vocabulary.templates
    if set(templates) == {"default"}:
        config["chat_template"] = templates["default"]
    elif templates:
        config["chat_template"] = [
            {"name": name, "template": text} for name, text in templates.items()
        ]
    return config


def _used(vocabulary: Vocabulary) -> int:
    """Tokens up to the last that is used; what pads the rows is left out."""
    used = np.flatnonzero(vocabulary.types != UNUSED)
    return int(used[-1]) + 1 if len(used) else 0


def _added(vocabulary: Vocabulary) -> dict[int, dict[str, Any]]:
    """Tokens that are looked for in a text before everything else, by id."""
    special = vocabulary.special
    defined = np.flatnonzero(vocabulary.types == USER_DEFINED).tolist()
    return {
        index: {
            "content": vocabulary.tokens[index],
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": index in special,
        }
        for index in sorted({*special, *defined})
    }


def _byte_level(patterns: tuple[str, ...]) -> dict[str, Any]:
    cut = [
        {
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Isolated",
            "invert": False,
        }
        for pattern in patterns
    ]
    stand_ins = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": False,
    }
    return {
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*cut, stand_ins]},
        "decoder": {**stand_ins, "use_regex": True},
    }


def _pieces(prefix: bool) -> dict[str, Any]:
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    prepend = [{"type": "Prepend", "prepend": SPACE}] if prefix else []
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefix else []
    back = {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}
    decoders = [back, {"type": "ByteFallback"}, {"type": "Fuse"}, *strip]
    return {
        "normalizer": {"type": "Sequence", "normalizers": [*prepend, spaces]},
        "pre_tokenizer": None,
        "decoder": {"type": "Sequence", "decoders": decoders},
    }


def _around(vocabulary: Vocabulary, add_bos: bool) -> dict[str, Any] | None:
    """The tokens put before and after a text that is encoded with special tokens."""
    before = vocabulary.bos if add_bos else None
    after = vocabulary.eos if vocabulary.add_eos else None
    if before is None and after is None:
        return None

    def token(index: int | None, kind: int) -> list[dict[str, Any]]:
        if index is None:
            return []
        return [{"SpecialToken": {"id": vocabulary.tokens[index], "type_id": kind}}]

    def text(name: str, kind: int) -> list[dict[str, Any]]:
        sequence = {"Sequence": {"id": name, "type_id": kind}}
        return [*token(before, kind), sequence, *token(after, kind)]

    return {
        "type": "TemplateProcessing",
        "single": text("A", 0),
        "pair": [*text("A", 0), *text("B", 1)],
        "special_tokens": {
            vocabulary.tokens[index]: {
                "id": vocabulary.tokens[index],
                "ids": [index],
                "tokens": [vocabulary.tokens[index]],
            }
            for index in (before, after)
            if index is not None
        },
    }


def _check(text: str, tokens: list[str]) -> None:
    """Compare the library's vocabulary with the file's, token for token."""
    try:
        library = Library.from_str(text)
        found = library.get_vocab(with_added_tokens=True)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library's panics are no Exception
        raise ConversionError(
            f"The file's tokenizer cannot be used: {shown(str(error))}."
        ) from error
    expected = {token: index for index, token in enumerate(tokens)}
    if found != expected:
        wrong = sorted(
            {index for _, index in found.items() ^ expected.items()},
        )
        raise ConversionError(
            f"The tokenizer made from the file differs from its vocabulary in "
            f"{len(wrong):,} tokens, the first of them {wrong[0]}."
        )
