"""A model of mlx-lm, as every language model is used."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from ..contract import Features
from ..errors import CacheError
from ..mlx_base.device import on_metal, prefill_step
from ..mlx_base.sampling import Sampler
from ..sampling_settings import SamplingSettings
from . import library
from .cache_kinds import KNOWN, TRIMMABLE
from .state import State, class_names
from .stepper import Stepper


def arrays(network: Any) -> dict[str, mx.array]:
    """Every parameter of a network of MLX by its name."""
    flat: list[tuple[str, mx.array]] = tree_flatten(network.parameters())  # type: ignore[assignment]
    return dict(flat)


class LanguageModel:
    """See `contract.LanguageModel`.

    `network` is what mlx-lm made of the folder; `identity` tells models apart whose
    states would not fit each other.
    """

    def __init__(
        self, network: Any, *, vocab_size: int, context: int, dtype: str, identity: str
    ) -> None:
        self.network, self.identity = network, identity
        self.vocab_size, self.context, self.dtype = vocab_size, context, dtype
        self.device = "Metal" if on_metal() else "CPU"
        self.prefill_step = prefill_step()

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in memory."""
        return sum(array.nbytes for array in arrays(self.network).values())

    @property
    def features(self) -> Features:
        """What its caches can do; those nobody has tried are neither kept nor cut."""
        names = set(class_names(self.new_state().caches))
        known = names <= KNOWN
        return Features(
            can_copy=known, can_save=known, can_trim=known and names <= TRIMMABLE
        )

    def new_state(self, switches: Collection[str] = ()) -> State:
        """A state before the first token."""
        cache = library.module("models.cache")
        return State(cache.make_prompt_cache(self.network), self.identity)

    def load_state(self, path: Path) -> State:
        """A state that was saved for this model. Raises `CacheError`."""
        return State.restore(path, self.new_state())

    def stepper(
        self,
        state: object,
        settings: SamplingSettings,
        seen: Iterable[int],
        readings: bool,
    ) -> Stepper:
        """Steps that update a state of this model. Raises `CacheError` for others."""
        if not isinstance(state, State) or state.identity != self.identity:
            raise CacheError("The state is of another model.")
        sampler = Sampler(settings, self.vocab_size, seen)
        return Stepper(self.network, state, sampler)
