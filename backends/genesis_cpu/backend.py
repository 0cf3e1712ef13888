"""This backend, as every backend is used."""

from collections.abc import Callable, Collection
from importlib.metadata import version
from pathlib import Path

from ..contract import Backend, DeviceFacts
from ..genesis.features import check_model_switches
from ..genesis.switches import DELTA_RULE
from .language_model import LanguageModel
from .loader import device_facts, load


class GenesisCPU:
    """Genesis in NumPy and Numba; see `contract.Backend`."""

    def device_facts(self) -> DeviceFacts:
        """What it runs on here."""
        device, dtype = device_facts()
        return DeviceFacts("numba", version("numba"), device, dtype)

    def load(
        self,
        directory: Path,
        *,
        dtype: str | None = None,
        switches: Collection[str] = (),
        compiled: Path | None = None,
        preparing: Callable[[str], None] = lambda text: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> LanguageModel:
        """Load a model and compile what runs it; there is nothing to report."""
        check_model_switches(switches)
        return LanguageModel(
            load(
                directory,
                dtype=dtype,
                compiled=compiled,
                delta_rule=DELTA_RULE.name in switches,
                preparing=preparing,
            )
        )


backend: Backend = GenesisCPU()
