"""Genesis in this backend, as every language model is used."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..contract import State
from ..errors import CacheError
from ..genesis.language_model import GenesisModel
from ..mlx_base import device
from ..mlx_base.sampling import Sampler
from ..sampling_settings import SamplingSettings
from .cache import Cache
from .decoding import Decodings
from .model import Model
from .self_check import warn
from .stepper import Stepper


@dataclass(frozen=True)
class LanguageModel(GenesisModel[Model]):
    """A loaded model; see `contract.LanguageModel`.

    `report` is told, in a sentence each, of kernels that fail while it runs.
    """

    report: Callable[[str], None] = warn
    decodings: Decodings = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decodings", Decodings(self.network))

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
