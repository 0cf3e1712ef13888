"""mlx-lm's modules, without transformers where a version is known to do without.

`import mlx_lm` imports transformers for its tokenizers, which takes seconds and is not
needed to run a model. In a tested version the package's own body is left out and the
two modules that its loader imports for other purposes are stood in for.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from ..text_files import as_utf8

PACKAGE = "mlx_lm"
# What its loader reads as text.
CONFIGURATIONS = ("config.json", "generation_config.json")
# Versions whose model modules, caches and loader were run with the stand-ins below.
TESTED = ("0.32.2",)


def installed_version() -> str | None:
    """mlx-lm's version, None where it is not installed."""
    try:
        return version("mlx-lm")
    except PackageNotFoundError:
        return None


def models_folder() -> Path | None:
    """The folder of mlx-lm's model modules, found without importing anything of it."""
    if PACKAGE in sys.modules:
        locations = list(sys.modules[PACKAGE].__path__)
    else:
        spec = find_spec(PACKAGE)
        locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) / "models" if locations else None


@cache
def loader() -> Any:
    """The module `mlx_lm.utils`. Raises `ImportError`."""
    if installed_version() not in TESTED or PACKAGE in sys.modules:
        return _of_any_encoding(importlib.import_module(f"{PACKAGE}.utils"))
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.submodule_search_locations is not None
    sys.modules[PACKAGE] = _bare(spec)
    with _stand_ins():
        return _of_any_encoding(importlib.import_module(f"{PACKAGE}.utils"))


def module(name: str) -> Any:
    """A module of mlx-lm, such as "models.cache". Raises `ImportError`."""
    loader()
    return importlib.import_module(f"{PACKAGE}.{name}")


@cache
def tuner() -> Any:
    """The module `mlx_lm.tuner.utils`, which makes adapters. Raises `ImportError`."""
    loader()
    package = f"{PACKAGE}.tuner"
    is_bare = getattr(sys.modules[PACKAGE], "__file__", None) is None
    if is_bare and package not in sys.modules:
        spec = find_spec(package)
        assert spec is not None
        # Its own body imports mlx-lm's trainer, and that transformers.
        sys.modules[package] = _bare(spec)
    return importlib.import_module(f"{package}.utils")


def _of_any_encoding(utils: Any) -> Any:
    """Let its configurations be in any encoding that a byte order mark names."""
    load_config = utils.load_config

    def load_marked(directory: Path) -> Any:
        found = {name: Path(directory) / name for name in CONFIGURATIONS}
        there = {n: path.read_bytes() for n, path in found.items() if path.is_file()}
        plain = {name: as_utf8(data) for name, data in there.items()}
        if plain == there:
            return load_config(directory)
        with TemporaryDirectory() as folder:
            for name, data in plain.items():
                (Path(folder) / name).write_bytes(data)
            return load_config(Path(folder))

    utils.load_config = load_marked
    return utils


def _bare(spec: ModuleSpec) -> ModuleType:
    package = ModuleType(spec.name)
    package.__spec__ = spec
    package.__path__ = list(spec.submodule_search_locations or ())
    return package


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Modules that the loader names but does not need, replaced while it is imported.

    The third is there since the loader lowers the limit of open files for good.
    """
    # MLX has no wheels for systems without it.
    import resource

    tokenizers = ModuleType(f"{PACKAGE}.tokenizer_utils")
    hub, limits = ModuleType("huggingface_hub"), ModuleType("resource")
    names: dict[ModuleType, tuple[str, ...]] = {
        tokenizers: ("TokenizerWrapper", "load"),
        hub: ("snapshot_download",),
    }
    for each, missing in names.items():
        for name in missing:
            setattr(each, name, _unavailable)
    vars(limits).update(vars(resource), setrlimit=lambda *limit: None)
    replaced = {each.__name__: each for each in (tokenizers, hub, limits)}
    before = {name: sys.modules.get(name) for name in replaced}
    sys.modules.update(replaced)
    try:
        yield
    finally:
        for name, known in before.items():
            if known is None:
                del sys.modules[name]
            else:
                sys.modules[name] = known


def _unavailable(*args: object, **options: object) -> None:
    raise ImportError("mlx-lm's tokenizers and downloads are not used here.")
