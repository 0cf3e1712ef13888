"""This backend, as every backend is used."""

from collections.abc import Callable, Collection
from importlib.metadata import version
from pathlib import Path

from ..contract import Backend, DeviceFacts
from ..genesis.features import check_model_switches
from ..genesis.switches import DELTA_RULE
from ..mlx_base.device import device_facts
from .language_model import LanguageModel
from .loader import load


class GenesisMLX:
    """Genesis on MLX; see `contract.Backend`."""

    def device_facts(self) -> DeviceFacts:
        """What it runs on here."""
        device, dtype = device_facts()
        return DeviceFacts("mlx", version("mlx"), device, dtype)

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
        """Load a model; `report` is told of kernels that fail. Nothing is prepared."""
        check_model_switches(switches)
        return LanguageModel(
            load(
                directory,
                dtype=dtype,
                delta_rule=DELTA_RULE.name in switches,
                report=report,
            ),
            report,
        )


backend: Backend = GenesisMLX()
