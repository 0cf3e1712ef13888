"""Genesis in this backend, as every language model is used."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..contract import Features, State, Step
from ..contract import Stepper as AnyStepper
from ..errors import CacheError
from ..genesis.language_model import GenesisModel
from ..mlx_base import device
from ..mlx_base.sampling import Sampler
from ..mlx_base.self_check import warn
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .decoding import Decodings
from .model import Model
from .stepper import Stepper
from .together import Together


@dataclass(frozen=True)
class LanguageModel(GenesisModel[Model]):
    """A loaded model; see `contract.LanguageModel` and `contract.FollowsTogether`.

    `report` is told, in a sentence each, of kernels that fail while it runs.
    """

    report: Callable[[str], None] = warn
    decodings: Decodings = field(init=False)
    together: Together = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decodings", Decodings(self.network))
        object.__setattr__(self, "together", Together(self.network, self.report))

    @property
    def prefill_step(self) -> int:
        """As many tokens as can be interrupted within a second."""
        return device.prefill_step()

    def stepper(
        self,
        state: State,
        settings: SamplingSettings,
        seen: Iterable[int],
        readings: bool,
    ) -> Stepper:
        """Steps that update a state of this backend. Raises `CacheError`."""
        if not isinstance(state, Cache):
            raise CacheError("The state is not one of the MLX backend.")
        sampler = Sampler(settings, self.vocab_size, seen)
        return Stepper(
            self.network, state, sampler, readings, self.decodings, self.report
        )

    @property
    def features(self) -> Features:
        """What it can do besides generating."""
        return replace(super().features, together=True)

    def follow_together(self, steppers: Sequence[AnyStepper]) -> list[Step]:
        """One more token of several replies, none of which gives readings."""
        own = [each for each in steppers if isinstance(each, Stepper)]
        assert len(own) == len(steppers), "a stepper of another backend"
        return self.together.follow(own)
