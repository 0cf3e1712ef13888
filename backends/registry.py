"""Which backend runs a model of some type here, or why none does.

Nothing is imported before it is needed. A family is added by an entry for each kind
of device, and by what describes its models.
"""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from .config_file import read_model_type
from .contract import Backend, Description, Finding
from .contract import Switch as Switch
from .errors import ChoiceError, ConfigError
from .genesis.switches import SWITCHES as GENESIS_SWITCHES

BackendName = Literal["auto", "mlx", "cpu"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
ComputeDtype = Literal["float32", "float16", "bfloat16", "int8", "int4"]
COMPUTE_DTYPES: tuple[ComputeDtype, ...] = get_args(ComputeDtype)


@dataclass(frozen=True)
class Entry:
    """A backend: what it runs, and the module whose `backend` it is.

    Attributes:
        name: "mlx" or "cpu".
        model_types: as `config.json` says them.
        dtypes: what it can compute in.
        compared: those worth comparing on one computer, the reference's first.
        module: where its `backend` is.
        needs: a package that not every system has, and the name people know it by.
        checks: where the `findings` of its own examination are.
        types: a module whose `has_model` tells of types beyond `model_types`.
        sizes: a module whose `weight_sizes` tells what the weights of a folder take,
            where there are models that no memory can hold.
        own_process: its models run in a process of their own, since some crash.
        support: a module that tells what is known of a family without loading it.
        switches: all that its models may have switched on; one model has some.
        own_files: its folders are of no library's form, and mlx-lm needs others.
        divergences: of dtypes for the weights, mean KL divergences from float32 in
            nats a token: SmolLM2-135M's, and the built-in model's.
    """

    name: BackendName
    model_types: frozenset[str]
    dtypes: tuple[ComputeDtype, ...]
    compared: tuple[ComputeDtype, ...]
    module: str
    needs: tuple[str, str] | None = None
    checks: str | None = None
    types: str | None = None
    sizes: str | None = None
    own_process: bool = False
    support: str | None = None
    divergences: tuple[tuple[str, float, float], ...] = ()
    switches: tuple[Switch, ...] = ()
    own_files: bool = False

    def runs(self, model_type: str) -> bool:
        """Whether it runs models of a type, if it is installed."""
        if model_type in self.model_types or self.types is None:
            return model_type in self.model_types
        return bool(import_module(self.types).has_model(model_type))

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is there."""
        return self.needs is None or find_spec(self.needs[0]) is not None

    def backend(self) -> Backend:
        """The backend itself; importing it takes a while."""
        backend: Backend = import_module(self.module).backend
        return backend

    def findings(self) -> Iterator[Finding]:
        """What it finds out about itself here. Raises `BackendError`."""
        if self.needs and not self.is_installed:
            yield Finding("used", f"no, {self.needs[1]} is not installed")
        elif self.checks:
            yield from import_module(self.checks).findings()


# As docs/measurements.md has them.
CPU_DIVERGENCES = (("int8", 0.0003, 0.0001), ("int4", 0.06, 0.04))
MLX, MLX_LM = ("mlx", "MLX"), ("mlx_lm", "mlx-lm")
ENTRIES = (
    Entry(
        "mlx",
        frozenset({"genesis"}),
        ("float32", "float16", "bfloat16"),
        ("float32",),
        "backends.genesis_mlx.backend",
        MLX,
        "backends.genesis_mlx.diagnostics",
        switches=GENESIS_SWITCHES,
        own_files=True,
    ),
    Entry(
        "cpu",
        frozenset({"genesis"}),
        ("float32", "int8", "int4"),
        ("float32", "int8"),
        "backends.genesis_cpu.backend",
        divergences=CPU_DIVERGENCES,
        switches=GENESIS_SWITCHES,
        own_files=True,
    ),
    Entry(
        "cpu",
        frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3"}),
        ("float32", "int8", "int4"),
        ("float32", "int8"),
        "backends.genesis_cpu.decoder.backend",
        sizes="backends.decoder.files",
        support="backends.decoder.support",
        divergences=CPU_DIVERGENCES,
    ),
    Entry(
        "mlx",
        frozenset(),
        ("float32", "float16", "bfloat16"),
        ("float32", "float16", "bfloat16"),
        "backends.mlx_family.backend",
        MLX_LM,
        types="backends.mlx_family.types",
        sizes="backends.mlx_family.files",
        own_process=True,
        support="backends.mlx_family.support",
    ),
)
# Where `describe` is for a type, and for all others.
DESCRIPTIONS = {"genesis": "backends.genesis.description"}
OTHERS = "backends.mlx_family.description"
# What is meant where no model is.
DEFAULT_TYPE = "genesis"


@dataclass(frozen=True)
class Choice:
    """The backend for a model, and the reason for it in a few words."""

    entry: Entry
    why: str

    @property
    def name(self) -> BackendName:
        """Its name, "mlx" or "cpu"."""
        return self.entry.name


def choose(
    model_type: str,
    name: str = "auto",
    dtype: str | None = None,
    entries: Iterable[Entry] = ENTRIES,
) -> Choice:
    """The backend for a type of model: with "auto" MLX where there is Metal.

    A dtype that only one of them has decides, whatever the device.

    Raises:
        ChoiceError: the name or the dtype cannot be followed here.
        ConfigError: nothing runs models of this type.
    """
    if name not in BACKENDS:
        raise ChoiceError(
            f"backend must be one of {', '.join(BACKENDS)}, not {name!r}."
        )
    everything = tuple(entries)
    fitting = [each for each in everything if each.runs(model_type)]
    if not fitting:
        raise ConfigError(_nobody(model_type, everything))
    able = [each for each in fitting if dtype is None or dtype in each.dtypes]
    if not able:
        dtypes = [d for d in COMPUTE_DTYPES if any(d in e.dtypes for e in fitting)]
        raise ChoiceError(f"dtype must be one of {', '.join(dtypes)}, not {dtype!r}.")
    if name != "auto":
        return Choice(_named(name, model_type, dtype, fitting, able), "asked for")
    here = [each for each in able if each.is_installed]
    if not here:
        missing = " or ".join(each.needs[1] for each in able if each.needs)
        subject = dtype or f"A model of the type {model_type!r}"
        hint = "; use another --dtype" if len(able) < len(fitting) else ""
        raise ChoiceError(
            f"{subject} needs {missing}, which is not installed here{hint}."
        )
    if len(able) == 1:
        what = dtype if len(fitting) > 1 else f"the type {model_type!r}"
        return Choice(here[0], f"{what} runs on it only")
    named = {each.name: each for each in here}
    if "mlx" in named and has_metal():
        return Choice(named["mlx"], "Metal")
    return Choice(named.get("cpu", here[0]), "no Metal")


def why_not(model_type: str) -> str | None:
    """Why no backend here runs a type of model, in a sentence; None when one does.

    Nothing of a backend is imported for it.
    """
    fitting = entries_for(model_type)
    if not fitting:
        return _nobody(model_type, ENTRIES)
    if any(each.is_installed for each in fitting):
        return None
    missing = " or ".join(each.needs[1] for each in fitting if each.needs)
    return (
        f"A model of the type {model_type!r} needs {missing}, which is not installed "
        "here."
    )


def instead(choice: Choice, model_type: str, dtype: str | None) -> Choice | None:
    """The next backend, for a model that a chosen one turns out not to run, if any."""
    entries = entries_for(model_type)
    for entry in entries[entries.index(choice.entry) + 1 :]:
        if (dtype is None or dtype in entry.dtypes) and entry.is_installed:
            return Choice(entry, f"{choice.name} does not run this model")
    return None


def entries_for(model_type: str = DEFAULT_TYPE) -> list[Entry]:
    """All backends for a type of model, whether they can run here or not."""
    return [each for each in ENTRIES if each.runs(model_type)]


def switches(scope: Literal["state", "model"]) -> tuple[Switch, ...]:
    """All of a scope that any model may have, each once."""
    declared = dict.fromkeys(each for entry in ENTRIES for each in entry.switches)
    return tuple(each for each in declared if each.scope == scope)


def describe(directory: Path) -> Description:
    """The shape of the model in a directory. Raises `ConfigError`."""
    model_type = read_model_type(directory)
    module = import_module(DESCRIPTIONS.get(model_type, OTHERS))
    description: Description = module.describe(directory)
    return description


def _nobody(model_type: str, known: Iterable[Entry]) -> str:
    """A sentence about a type that nothing here runs."""
    types = sorted({one for each in known for one in each.model_types})
    missing = [e.needs[1] for e in known if e.types and e.needs and not e.is_installed]
    others = (
        f"; {missing[0]}, which runs many more, is not installed here"
        if missing
        else ", and what mlx-lm has"
    )
    return (
        f"Models of the type {model_type!r} cannot be run; those that can be are of "
        f"{', '.join(types)}{others}."
    )


def _named(
    name: str,
    model_type: str,
    dtype: str | None,
    fitting: list[Entry],
    able: list[Entry],
) -> Entry:
    """The entry of this name. Raises `ChoiceError` saying what else would do."""
    if all(each.name != name for each in fitting):
        raise ChoiceError(
            f"The backend {name} does not run models of the type {model_type!r}; use "
            f"--backend {fitting[0].name}."
        )
    entry = next((each for each in able if each.name == name), None)
    if entry is None:
        raise ChoiceError(
            f"The backend {name} does not compute in {dtype}; use --backend "
            f"{able[0].name} or another --dtype."
        )
    if not entry.is_installed:
        others = [each.name for each in fitting if each.is_installed]
        hint = f"; use --backend {others[0]}" if others else ""
        assert entry.needs is not None
        raise ChoiceError(f"{entry.needs[1]} is not installed here{hint}.")
    return entry


@cache
def has_metal() -> bool:
    """Whether this is a computer whose GPU MLX can use."""
    if platform.system() != "Darwin":
        return False
    return bool(import_module("backends.mlx_base.device").on_metal())
