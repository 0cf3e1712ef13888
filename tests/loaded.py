"""The model of a `Genesis` that runs in the tests' own process."""

from typing import cast

from converters.tokenization import GenesisTokenizer
from genesis_chat import Genesis
from genesis_chat.engine import LoadedModel


def loaded(genesis: Genesis) -> LoadedModel:
    """Its model, with its tokenizer and states."""
    assert isinstance(genesis.model, LoadedModel)
    return genesis.model


def tokenizer_of(genesis: Genesis) -> GenesisTokenizer:
    """Its tokenizer, which has Genesis's control tokens."""
    tokenizer = loaded(genesis).tokenizer
    assert tokenizer.kind in ("neox", "sentencepiece")
    return cast(GenesisTokenizer, tokenizer)
