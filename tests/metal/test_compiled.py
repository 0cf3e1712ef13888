"""Decoding as one compiled function: the same tokens, and Python seldom asked."""

import shutil
from collections.abc import Iterator
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
from backends.genesis_mlx.cache import BLOCK, Cache
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
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """A small model with random weights; MLX operations throughout."""
    config = configuration("released-ratios", n_layer=4)
    directory = tmp_path_factory.mktemp("random") / "model"
    write_random_model(directory, ModelArgs.from_config(config, accept_unknown=True))
    return backend.load(directory, dtype="float32")


@pytest.fixture
def graphs() -> Iterator[list[int]]:
    """Decoding is compiled; it gets an element each time Python builds the graph."""
    built: list[int] = []
    right = Decoding.decode

    def decode(self: Decoding, *inputs: object) -> object:
        built.append(len(built))
        return right(self, *inputs)  # type: ignore[arg-type]

    with (
        mock.patch("backends.genesis_mlx.stepper.on_metal", lambda: True),
        mock.patch.object(Decoding, "decode", decode),
    ):
        yield built


def reply(
    model: LanguageModel, ttt: bool, settings: SamplingSettings
) -> tuple[list[GeneratedToken], Cache]:
    state = model.new_state(["ttt"] if ttt else [])
    assert isinstance(state, Cache)
    found = generate(model, PROMPT, state, settings=settings, max_tokens=COUNT)
    return [*found], state


@pytest.mark.parametrize("ttt", [False, True])
def test_tokens_and_state_are_the_same(
    ttt: bool, model: LanguageModel, graphs: list[int]
) -> None:
    settings = SamplingSettings(seed=5, min_p=0.01)
    compiled, state = reply(model, ttt, settings)
    # One graph before the first block is full, one after.
    assert len(graphs) == 2
    with mock.patch("backends.genesis_mlx.stepper.on_metal", lambda: False):
        plain, expected = reply(model, ttt, settings)
    assert len(graphs) == 2
    assert [each.id for each in compiled] == [each.id for each in plain]
    likely = [[each.log_probability for each in reply] for reply in (compiled, plain)]
    assert max_difference(*likely) <= SPLIT
    arrays = expected.arrays()
    assert state.offset == expected.offset and state.arrays().keys() == arrays.keys()
    for name, array in state.arrays().items():
        assert max_difference(array, arrays[name]) <= SPLIT


def test_replies_share_graphs_but_for_what_they_compute(
    model: LanguageModel, graphs: list[int]
) -> None:
    first = SamplingSettings(seed=1)
    reply(model, False, first)
    seen = len(graphs)
    reply(model, False, SamplingSettings(seed=2))
    assert len(graphs) == seen
    reply(model, False, SamplingSettings(seed=2, temperature=0.0))
    assert len(graphs) == seen + 2


def test_only_the_last_graphs_are_kept(model: LanguageModel) -> None:
    assert isinstance(model, GenesisLanguageModel)
    decodings = Decodings(model.network)
    ways = [SamplingSettings(temperature=n / 10) for n in range(1, KEPT + 2)]
    made = [decodings.of(way, False) for way in ways[:KEPT]]
    assert decodings.of(ways[0], False) is made[0]
    decodings.of(ways[KEPT], False)
    assert decodings.of(ways[0], False) is made[0]
    assert decodings.of(ways[1], False) is not made[1]


def test_readings_are_not_compiled(model: LanguageModel, graphs: list[int]) -> None:
    settings = SamplingSettings()
    events = generate(model, PROMPT, settings=settings, max_tokens=3, readings=True)
    assert all(each.readings for each in list(events)[1:])
    assert not graphs
