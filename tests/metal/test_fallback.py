"""A kernel that fails while a reply is made is replaced, and nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import mlx.core as mx
import pytest
from configurations import configuration
from emulation import emulator_only, needs_kernels, running
from slow import slow

from backends.contract import LanguageModel
from backends.errors import BackendError
from backends.events import GeneratedToken
from backends.generation import generate_with_progress
from backends.genesis.args import ModelArgs
from backends.genesis.random_model import write_random_model
from backends.genesis_mlx.backend import backend
from backends.genesis_mlx.cache import Cache
from backends.genesis_mlx.stepper import Step
from backends.mlx_base.kernels import KERNELS, VARIABLE, Kernel, replaced
from backends.sampling_settings import SamplingSettings

pytestmark = [needs_kernels, emulator_only]
PROMPT = [3, 1, 4, 1, 5, 9, 2, 6]
COUNT = 4
BUILD = """[metal::Device] Unable to build metal library from source
program_source:9:1: warning: unused variable 'w'
{label}:7:3: error: use of undeclared identifier 'x'
{label}:9:3: note: declared here"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights in the shapes of a small configuration."""
    # Its vocabulary is not sorted at once.
    config = configuration("released-ratios", n_layer=4, vocab_size=2100)
    args = ModelArgs.from_config(config, accept_unknown=True)
    directory = tmp_path_factory.mktemp("random") / "model"
    write_random_model(directory, args)
    return directory


def reply(model: LanguageModel, **options: Any) -> list[tuple[int, int]]:
    """Tokens, each with what the state has read by then; the state ends as it should."""
    state = model.new_state()
    settings = SamplingSettings(seed=4, **options)
    events = generate_with_progress(
        model, PROMPT, state, settings=settings, max_tokens=COUNT, prefill_step=5
    )
    found = [(e.id, state.offset) for e in events if isinstance(e, GeneratedToken)]
    assert len(found) == COUNT
    assert state.offset == len(PROMPT) + COUNT - 1
    return found


@contextmanager
def failing(name: str, after: int, what: Exception | None = None) -> Iterator[None]:
    """A kernel works so many times, and then never again."""
    right, count = Kernel.__call__, 0

    def call(self: Kernel, *inputs: Any, **rest: Any) -> Any:
        nonlocal count
        if self.name == name:
            count += 1
            if count > after:
                raise what or RuntimeError(BUILD.format(label=self.label))
        return right(self, *inputs, **rest)

    with mock.patch.object(Kernel, "__call__", call):
        yield


def expected(directory: Path, **options: Any) -> list[int]:
    """The tokens of a reply by MLX operations."""
    with mock.patch.dict("os.environ", {VARIABLE: "ops"}):
        return [
            token
            for token, _ in reply(backend.load(directory, dtype="float32"), **options)
        ]


@pytest.mark.parametrize(
    ("name", "after"),
    [
        pytest.param("gla_prepare", 1, id="in the first part of the prompt"),
        pytest.param("fox_blocks", 1, id="in the second part of the prompt"),
        pytest.param("gla_decode", 0, id="with the first token"),
        pytest.param("fox_decode", 2, id="with a later token"),
        pytest.param("nucleus", 1, id="as the first token is drawn"),
    ],
)
def test_a_kernel_that_fails_is_replaced(
    name: str, after: int, directory: Path
) -> None:
    said: list[str] = []
    with running():
        # It has worked once before, when the model was loaded.
        model = backend.load(directory, dtype="float32", report=said.append)
        with failing(name, after):
            found = reply(model, top_k=0)
    assert [token for token, _ in found] == expected(directory, top_k=0)
    assert list(replaced()) == [name] and len(said) == 1
    label = KERNELS[name].label
    assert f"The Metal kernel {name} fails here and MLX operations" in said[0]
    assert said[0].endswith(
        f": {label}:7:3: error: use of undeclared identifier 'x' "
        f"{label}:9:3: note: declared here."
    )


def test_a_failure_that_names_no_kernel_is_looked_for(directory: Path) -> None:
    said: list[str] = []
    size = ValueError("Thread group size (256) is greater than the maximum (128).")
    with running():
        model = backend.load(directory, dtype="float32", report=said.append)
        with failing("gla_decode", 1, size):
            found = reply(model)
    assert [token for token, _ in found] == expected(directory)
    assert list(replaced()) == ["gla_decode"] and "Thread group size" in said[0]


@pytest.mark.parametrize("nth", range(1, COUNT + 1))
@pytest.mark.parametrize("temperature", [slow(0.0), 0.7])
def test_a_token_that_is_not_computed_is_computed_again(
    nth: int, temperature: float, directory: Path
) -> None:
    """The device fails late: the step after it is queued by then."""
    right, count = Step.read, 0

    def read(self: Step) -> Any:
        nonlocal count
        count += 1
        if count == nth:
            raise RuntimeError(
                "Unable to load kernel custom_kernel_genesis_gla_decode_x"
            )
        return right(self)

    with running():
        model = backend.load(directory, dtype="float32", report=lambda text: None)
        with mock.patch.object(Step, "read", read):
            found = reply(model, temperature=temperature)
    assert [token for token, _ in found] == expected(directory, temperature=temperature)
    # One step ahead, as without a failure.
    offsets = [len(PROMPT) + min(n, COUNT - 1) for n in range(1, COUNT + 1)]
    assert [offset for _, offset in found] == offsets
    assert list(replaced()) == ["gla_decode"]


def test_forced_kernels_are_not_replaced(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "metal")
    with running():
        model = backend.load(directory, dtype="float32")
        with failing("fox_decode", 1), pytest.raises(BackendError, match="fox_decode"):
            reply(model)
    assert not replaced()


def test_other_failures_are_no_kernels(directory: Path) -> None:
    """The state is what it was before the call that failed."""
    with running():
        model = backend.load(directory, dtype="float32")
        state = model.new_state()
        assert isinstance(state, Cache)
        settings = replace(SamplingSettings(), seed=1)
        stepper: Any = model.stepper(state, settings, (), False)
        stepper.read(PROMPT)
        network: Any = model
        broken: Callable[..., Any] = mock.Mock(side_effect=RuntimeError("no memory"))
        with (
            mock.patch.object(type(network.network), "features", broken),
            pytest.raises(RuntimeError, match="no memory"),
        ):
            stepper.read(PROMPT)
        assert state.offset == len(PROMPT) and not replaced()
        mx.eval(state.held())
