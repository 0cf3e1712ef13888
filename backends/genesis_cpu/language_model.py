"""Genesis in this backend, as every language model is used."""

from collections.abc import Iterable

from ..contract import State
from ..errors import CacheError
from ..genesis.language_model import GenesisModel
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .model import Model
from .sampling import Sampler
from .stepper import Stepper


class LanguageModel(GenesisModel[Model]):
    """A loaded model; see `contract.LanguageModel`."""

    # As many tokens as can be interrupted within a second.
    prefill_step = 512

    def stepper(
        self,
        state: State,
        settings: SamplingSettings,
        seen: Iterable[int],
        readings: bool,
    ) -> Stepper:
        """Steps that update a state of this backend. Raises `CacheError`."""
        if not isinstance(state, Cache):
            raise CacheError("The state is not one of the CPU backend.")
        sampler = Sampler(settings, self.vocab_size, seen)
        return Stepper(self.network, state, sampler, readings)
