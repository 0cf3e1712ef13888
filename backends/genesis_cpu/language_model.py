"""Genesis in this backend, as every language model is used."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..contract import Features, State
from ..contract import Stepper as AnyStepper
from ..errors import CacheError
from ..genesis.language_model import GenesisModel
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .model import Model
from .sampling import Sampler
from .stepper import Step, Stepper


class LanguageModel(GenesisModel[Model]):
    """A loaded model; see `contract.LanguageModel` and `contract.FollowsTogether`."""

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

    @property
    def features(self) -> Features:
        """What it can do besides generating."""
        return replace(super().features, together=True)

    def follow_together(self, steppers: Sequence[AnyStepper]) -> list[Step]:
        """One more token of several replies, none of which gives readings."""
        own = [each for each in steppers if isinstance(each, Stepper)]
        assert len(own) == len(steppers), "a stepper of another backend"
        return Stepper.follow_together(own)
