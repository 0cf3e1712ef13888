"""What every test runs under, and models shared between tests."""

import gc
import importlib.util
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Generator, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import reference
from process_state import process_state

if TYPE_CHECKING:
    from genesis_chat import Genesis

GUARD = Path(__file__).parent / "socket_guard"


def pytest_configure(config: pytest.Config) -> None:
    """No connections and no ignored Ctrl-C: here, and in programs that tests start."""
    # As it is for whoever starts the tests in the background of a shell.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Hundreds of programs are started: each would compile the application anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    paths = [str(GUARD), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    spec = importlib.util.spec_from_file_location("guard", GUARD / "sitecustomize.py")
    assert spec and spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.fixture(autouse=True)
def unchanged_process(private_cache: Path) -> Iterator[None]:
    """Whatever a test changes of its process, it gives back."""
    before = process_state()
    yield
    after = process_state()
    assert after == before


@pytest.fixture(autouse=True)
def loopback(
    unchanged_process: None,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tests that are marked so may talk to a server of their own on this computer."""
    if request.node.get_closest_marker("loopback"):
        monkeypatch.setenv("GENESIS_TEST_LOOPBACK", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay to the end: garbage is not looked for among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow ones first; skip, with the reason, what needs a reference not there."""
    # At the end, one worker would still be busy with them while others wait.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if reference.add_to_path():
        return
    skip = pytest.mark.skip(
        reason="the reference is not installed: see CONTRIBUTING.md, GENESIS_REFERENCE"
    )
    for item in items:
        if item.get_closest_marker("reference"):
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def private_cache(pytestconfig: pytest.Config) -> Iterator[Path]:
    """Compiled once for all tests and runs in this checkout, since that takes seconds.

    Sources, processor and switches are in the names, so nothing old is ever used.
    """
    cache = Path(pytestconfig.cache.mkdir("compiled"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENESIS_CHAT_CACHE", str(cache))
        yield cache


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of new folders; pytest's own way reads the names of all before."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def private_home(
    unchanged_process: None,
    homes: Iterator[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A data directory of the test's own."""
    home = next(homes)
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(home))
    # What the person has from the Hub would be listed beside what a test makes.
    monkeypatch.setenv("HF_HOME", str(home / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR", "GENESIS_CHAT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    yield home


@pytest.fixture(scope="session")
def assets() -> Path:
    """The built-in model's checkpoint and tokenizer."""
    return Path(str(files("assets"))) / "genesis-nano"


@pytest.fixture(scope="session")
def converted_once(
    assets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The built-in model, converted. Not to be changed."""
    from converters import convert

    directory = tmp_path_factory.mktemp("converted") / "builtin"
    convert(assets / "model.safetensors", directory, name="builtin")
    made = (directory / "model.safetensors").stat()
    yield directory
    left = (directory / "model.safetensors").stat()
    # Homes have the same file.
    assert (left.st_size, left.st_mtime_ns) == (made.st_size, made.st_mtime_ns)


@pytest.fixture(scope="session")
def genesis(converted_once: Path) -> "Genesis":
    """The built-in model, loaded once. Its sessions share nothing."""
    from genesis_chat import Genesis

    return Genesis.load(converted_once)


@pytest.fixture
def home(private_home: Path, converted_once: Path, compiled: None) -> Path:
    """The data directory, in which the built-in model has been prepared."""
    models = private_home / "models"
    shutil.copytree(converted_once, models / "builtin", copy_function=copy_or_link)
    return private_home


def copy_or_link(source: str, target: str) -> None:
    """Copies, but of weights, which take long: nobody writes into their files."""
    (os.link if source.endswith(".safetensors") else shutil.copy2)(source, target)


@pytest.fixture
def empty_home(home: Path) -> Path:
    """The data directory before the first use."""
    shutil.rmtree(home / "models")
    return home


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, private_cache: Path) -> None:
    """The CPU backend, compiled; commands have no patience for that."""
    from genesis_chat import load

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENESIS_CHAT_HOME", str(tmp_path_factory.mktemp("compiling")))
        for dtype in ("float32", "int8"):
            load("builtin", backend="cpu", dtype=dtype)
