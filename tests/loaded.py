"""The model of a `Genesis` that runs in the tests' own process."""

from typing import Any, cast

from backends.genesis.args import ModelArgs
from converters.tokenization import GenesisTokenizer
from genesis_chat import Genesis
from genesis_chat.engine import LoadedModel


def loaded(genesis: Genesis) -> LoadedModel:
    """Its model, with its tokenizer and states."""
    assert isinstance(genesis.model, LoadedModel)
    return genesis.model


def args_of(genesis: Genesis) -> ModelArgs:
    """Its configuration, by whichever of Genesis's backends it runs."""
    model: Any = loaded(genesis).language_model
    args: ModelArgs = model.network.args
    return args


def tokenizer_of(genesis: Genesis) -> GenesisTokenizer:
    """Its tokenizer, which has Genesis's control tokens."""
    tokenizer = loaded(genesis).tokenizer
    assert tokenizer.kind in ("neox", "sentencepiece")
    return cast(GenesisTokenizer, tokenizer)
