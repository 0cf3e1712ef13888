"""Decoding as one compiled function: the same tokens, and Python seldom asked."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from unittest import mock

import mlx.core as mx
import pytest
from configurations import configuration
from tolerances import SPLIT, max_difference

from backends.contract import LanguageModel
from backends.events import GeneratedToken
from backends.generation import generate
from backends.genesis.args import ModelArgs
from backends.genesis.random_model import write_random_model
from backends.genesis_mlx.backend import backend
from backends.genesis_mlx.cache import BLOCK, Cache, growing
from backends.genesis_mlx.decoding import KEPT, Decoding, Decodings
from backends.genesis_mlx.language_model import LanguageModel as GenesisLanguageModel
from backends.sampling_settings import SamplingSettings

# On a CPU MLX compiles with this one.
pytestmark = pytest.mark.skipif(
    not (mx.metal.is_available() or shutil.which("g++")),
    reason="MLX compiles with g++ here, which is not installed",
)
PROMPT = list(range(2, 9))
# Past a block, and into the next.
COUNT = BLOCK + 5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], LanguageModel]:
    """A small model with random weights; MLX operations throughout."""

    @cache
    def of(name: str) -> LanguageModel:
        config = configuration(name, n_layer=4)
        directory = tmp_path_factory.mktemp("random") / "model"
        args = ModelArgs.from_config(config, accept_unknown=True)
        write_random_model(directory, args)
        return backend.load(directory, dtype="float32")

    return of


@pytest.fixture
def model(made: Callable[[str], LanguageModel]) -> LanguageModel:
    """In the released model's proportions."""
    return made("released-ratios")


@pytest.fixture
def graphs() -> Iterator[list[str]]:
    """Decoding is compiled; it gets an element each time Python builds a graph."""
    built: list[str] = []
    decode, first = Decoding.decode, Decoding.first

    def of_token(self: Decoding, *inputs: object) -> object:
        built.append("token")
        # The draw is part of it.
        with mock.patch.object(Decoding, "first", first):
            return decode(self, *inputs)  # type: ignore[arg-type]

    def of_draw(self: Decoding, *inputs: object) -> object:
        built.append("draw")
        return first(self, *inputs)  # type: ignore[arg-type]

    with (
        mock.patch("backends.genesis_mlx.stepper.on_metal", lambda: True),
        mock.patch.object(Decoding, "decode", of_token),
        mock.patch.object(Decoding, "first", of_draw),
    ):
        yield built


def reply(
    model: LanguageModel, ttt: bool, settings: SamplingSettings, readings: bool = False
) -> tuple[list[GeneratedToken], Cache]:
    state = model.new_state(["ttt"] if ttt else [])
    assert isinstance(state, Cache)
    found = generate(
        model,
        PROMPT,
        state,
        settings=settings,
        max_tokens=COUNT,
        readings=readings,
    )
    return [*found], state


@pytest.mark.parametrize(
    ("name", "ttt", "readings"),
    [
        ("released-ratios", False, False),
        ("released-ratios", True, True),
        ("gated-attention", False, False),
    ],
)
def test_tokens_readings_and_state_are_the_same(
    name: str,
    ttt: bool,
    readings: bool,
    made: Callable[[str], LanguageModel],
    graphs: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Attention's keys and values grow as seldom as forgetting attention's blocks.
    monkeypatch.setattr(growing, "STEP", BLOCK)
    model, settings = made(name), SamplingSettings(seed=5, min_p=0.01)
    compiled, state = reply(model, ttt, settings, readings)
    # One graph after the prompt, one before the first block is full, one after.
    assert graphs == ["draw", "token", "token"]
    with mock.patch("backends.genesis_mlx.stepper.on_metal", lambda: False):
        plain, expected = reply(model, ttt, settings, readings)
    assert len(graphs) == 3
    for ours, theirs in zip(compiled[1:], plain[1:], strict=True):
        assert (ours.readings is not None) == (theirs.readings is not None) == readings
        if ours.readings and theirs.readings:
            for name, numbers in vars(theirs.readings).items():
                found = getattr(ours.readings, name)
                assert max_difference(found, numbers) <= SPLIT, name
    assert [each.id for each in compiled] == [each.id for each in plain]
    likely = [[each.log_probability for each in reply] for reply in (compiled, plain)]
    assert max_difference(*likely) <= SPLIT
    arrays = expected.arrays()
    assert state.offset == expected.offset and state.arrays().keys() == arrays.keys()
    for name, array in state.arrays().items():
        assert max_difference(array, arrays[name]) <= SPLIT


@pytest.mark.parametrize("name", ["released-ratios", "gated-attention"])
def test_steps_of_several_and_of_one_take_turns(
    name: str,
    made: Callable[[str], LanguageModel],
    graphs: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growing, "STEP", BLOCK)
    loaded, settings = made(name), SamplingSettings(seed=5, min_p=0.01)
    assert isinstance(loaded, GenesisLanguageModel)
    # Without the graphs of other tests.
    model = GenesisLanguageModel(loaded.network)
    # The first fills its block in a step of several, the second in one of its own.
    prompts = [[*range(2, length + 2)] for length in (BLOCK - 4, BLOCK - 6)]

    def turns() -> tuple[list[list[int]], list[Cache]]:
        steppers = []
        for prompt in prompts:
            state = model.new_state([])
            steppers.append(model.stepper(state, settings, prompt, readings=False))
            steppers[-1].read(prompt)
            steppers[-1].draw().result()
        found = []
        for number in range(9):
            if number % 3 == 0:
                steps = model.follow_together(steppers)
            else:
                steps = [each.follow() for each in steppers]
            found.append([step.result().token for step in steps])
        return found, [each.cache for each in steppers]

    tokens, states = turns()
    # One graph after the prompt, one before the first block is full, one after.
    assert graphs == ["draw", "token", "token"]
    with mock.patch("backends.genesis_mlx.stepper.on_metal", lambda: False):
        expected, theirs = turns()
    assert tokens == expected and len(graphs) == 3
    for state, other in zip(states, theirs, strict=True):
        assert state.offset == other.offset
        arrays = other.arrays()
        for name, array in state.arrays().items():
            assert max_difference(array, arrays[name]) <= SPLIT


def test_replies_share_graphs_but_for_what_they_compute(
    model: LanguageModel, graphs: list[str]
) -> None:
    first = SamplingSettings(seed=1)
    reply(model, False, first)
    seen = len(graphs)
    reply(model, False, SamplingSettings(seed=2))
    assert len(graphs) == seen
    reply(model, False, SamplingSettings(seed=2, temperature=0.0))
    assert len(graphs) == seen + 3


def test_only_the_last_graphs_are_kept(model: LanguageModel) -> None:
    assert isinstance(model, GenesisLanguageModel)
    decodings = Decodings(model.network)
    ways = [SamplingSettings(temperature=n / 10) for n in range(1, KEPT + 2)]
    made = [decodings.of(way, False) for way in ways[:KEPT]]
    assert decodings.of(ways[0], False) is made[0]
    decodings.of(ways[KEPT], False)
    assert decodings.of(ways[0], False) is made[0]
    assert decodings.of(ways[1], False) is not made[1]
    last = decodings.of(ways[0], False)
    assert decodings.of(ways[0], False, readings=True) is not last
    assert decodings.of(ways[0], False) is last
