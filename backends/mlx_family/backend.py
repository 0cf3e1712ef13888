"""This backend, as every backend is used."""

from collections.abc import Callable, Collection
from importlib.metadata import version
from pathlib import Path

from ..contract import Backend, DeviceFacts
from ..errors import ConfigError
from ..mlx_base.device import device_facts
from .language_model import LanguageModel
from .loading import load


class FamilyMLX:
    """The models of mlx-lm; see `contract.Backend`."""

    def device_facts(self) -> DeviceFacts:
        """What it runs on here."""
        device, dtype = device_facts()
        return DeviceFacts("mlx-lm", version("mlx-lm"), device, dtype)

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
        """Load a folder in mlx-lm's format. Nothing is prepared; no switch is known."""
        for name in switches:
            raise ConfigError(f"This model is not loaded with a switch {name!r}.")
        return load(directory, dtype, report)


backend: Backend = FamilyMLX()
