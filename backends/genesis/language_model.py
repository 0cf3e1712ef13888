"""A Genesis model of any backend, as every language model is used."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ..contract import Features, State
from .args import ModelArgs
from .features import features
from .switches import TTT


class Network(Protocol):
    """What a backend's own class of the model has."""

    @property
    def args(self) -> ModelArgs: ...
    @property
    def dtype(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def nbytes(self) -> int: ...
    def make_cache(self, ttt: bool = True) -> State: ...
    def load_cache(self, path: Path | str) -> State: ...


AnyNetwork = TypeVar("AnyNetwork", bound=Network)


@dataclass(frozen=True)
class GenesisModel(Generic[AnyNetwork]):
    """All of `contract.LanguageModel` but how it steps."""

    network: AnyNetwork

    @property
    def vocab_size(self) -> int:
        """Width of its logits."""
        return self.network.args.vocab_size

    @property
    def context(self) -> int:
        """Most tokens a text can have."""
        return self.network.args.block_size

    @property
    def dtype(self) -> str:
        """What it computes in, such as `float32`."""
        return self.network.dtype

    @property
    def device(self) -> str:
        """Where it runs."""
        return self.network.device

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in memory."""
        return self.network.nbytes

    @property
    def features(self) -> Features:
        """What it can do besides generating."""
        return features(self.network.args)

    def new_state(self, switches: Collection[str] = ()) -> State:
        """A state before the first token."""
        return self.network.make_cache(TTT.name in switches)

    def load_state(self, path: Path) -> State:
        """A state that any backend wrote for this model. Raises `CacheError`."""
        return self.network.load_cache(path)
