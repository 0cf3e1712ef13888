"""What would run a model here, told without loading it."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from backends import registry
from backends.config_file import read_config
from backends.contract import Features
from backends.errors import BackendError, UnsupportedError
from backends.memory import memory_limit


@dataclass(frozen=True)
class Outlook:
    """The backend for a model here, or why there is none.

    `problem` is a sentence when nothing runs it. `supported` says whether its family
    passed this program's tests, None where all do. `features` are what its states
    can do, None where only loading tells. `weight_bytes` of `memory_bytes` are what
    it needs, None where any memory does. `divergences` are those of its backend's
    dtypes, as the registry has them.
    """

    backend: str | None
    why: str
    problem: str | None
    supported: bool | None = None
    features: Features | None = None
    weight_bytes: int | None = None
    memory_bytes: int | None = None
    divergences: tuple[tuple[str, float, float], ...] = ()


def outlook(directory: Path) -> Outlook:
    """Look at the model in a directory. Nothing of a backend is loaded."""
    try:
        config = read_config(directory)
        model_type = str(config.get("model_type"))
        chosen = registry.choose(model_type)
    except BackendError as error:
        return Outlook(None, "", str(error))
    try:
        return _with(chosen, directory, config)
    except UnsupportedError as error:
        other = registry.instead(chosen, model_type, None)
        if other is None:
            return Outlook(None, "", str(error))
        return _with(other, directory, config)


def _with(chosen: registry.Choice, directory: Path, config: dict[str, Any]) -> Outlook:
    """As `outlook`, with this backend. Raises `UnsupportedError`."""
    entry = chosen.entry
    runs = Outlook(entry.name, chosen.why, None, divergences=chosen.entry.divergences)
    if entry.support is None or entry.sizes is None:
        return runs
    support = import_module(entry.support)
    limit, _ = memory_limit(entry)
    try:
        supported = support.is_supported(str(config["model_type"]))
        features = support.features(config)
        stored, _ = import_module(entry.sizes).weight_sizes(directory)
    except UnsupportedError:
        raise
    except BackendError as error:
        return Outlook(None, "", str(error))
    return replace(
        runs,
        supported=supported,
        features=features,
        weight_bytes=stored,
        memory_bytes=limit,
    )
