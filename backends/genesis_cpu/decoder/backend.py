"""Ordinary decoders on a CPU, as every backend is used."""

from collections.abc import Callable, Collection, Iterable
from importlib.metadata import version
from pathlib import Path

from ...contract import Backend, DeviceFacts, State
from ...decoder.support import FEATURES
from ...errors import CacheError, ConfigError
from ...sampling_settings import SamplingSettings
from ..sampling import Sampler
from ..weights import DEFAULT_DTYPE
from .cache import DecoderCache
from .loader import load_decoder
from .model import DecoderModel
from .stepper import DecoderStepper

# Beside the folder of compiled code: all of it can be made again.
DERIVED_FOLDER = "weights"
# Products that two cores do in a second or so.
SECOND = 70_000_000_000
FEWEST, MOST = 32, 512


def prefill_step(parameters: int) -> int:
    """Tokens to read in one call: as many as can be interrupted within a second or so.

    Each costs a product per weight; of few at a time weights are read too often.
    """
    return min(max(SECOND // parameters, FEWEST), MOST)


class DecoderLanguageModel:
    """A loaded decoder; see `contract.LanguageModel`."""

    features = FEATURES

    def __init__(self, model: DecoderModel) -> None:
        self.network = model
        self.vocab_size, self.context = model.vocab_size, model.context
        self.dtype, self.device, self.nbytes = model.dtype, model.device, model.nbytes
        self.prefill_step = prefill_step(model.products)

    def new_state(self, switches: Collection[str] = ()) -> DecoderCache:
        """A state before the first token; there are no switches."""
        return self.network.make_cache()

    def load_state(self, path: Path) -> DecoderCache:
        """A state that was saved for this model. Raises `CacheError`."""
        return self.network.load_cache(path)

    def stepper(
        self,
        state: State,
        settings: SamplingSettings,
        seen: Iterable[int],
        readings: bool,
    ) -> DecoderStepper:
        """Steps that update a state of this backend. Raises `CacheError`."""
        if not isinstance(state, DecoderCache):
            raise CacheError("The state is not one of the CPU backend for decoders.")
        sampler = Sampler(settings, self.vocab_size, seen)
        return DecoderStepper(self.network, state, sampler)


class DecoderCPU:
    """Decoders in NumPy and Numba; see `contract.Backend`."""

    def device_facts(self) -> DeviceFacts:
        """What it runs on here."""
        return DeviceFacts(
            "numba", version("numba"), DecoderModel.device, DEFAULT_DTYPE
        )

    def load(
        self,
        directory: Path,
        *,
        dtype: str | None = None,
        switches: Collection[str] = (),
        compiled: Path | None = None,
        preparing: Callable[[str], None] = lambda text: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> DecoderLanguageModel:
        """Load a model and compile what runs it; there is nothing to report."""
        for name in switches:
            raise ConfigError(f"Decoders are not loaded with a switch {name!r}.")
        derived = compiled.with_name(DERIVED_FOLDER) if compiled else None
        model = load_decoder(
            directory,
            dtype=dtype,
            compiled=compiled,
            derived=derived,
            preparing=preparing,
        )
        return DecoderLanguageModel(model)


backend: Backend = DecoderCPU()
