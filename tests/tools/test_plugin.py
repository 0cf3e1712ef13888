"""Genesis as mlx-lm calls it, every mixer: states, batches, texts read whole."""

import copy

import mlx.core as mx
import mlx.nn as nn
import pytest
from checkpoints import checkpoint_tensors
from configurations import SEEDS, configuration, random_ids
from mlx.utils import tree_flatten
from running import build, whole
from tolerances import SPLIT, max_difference

from backends.derived_file import DERIVED_TENSORS
from backends.errors import ConfigError
from backends.genesis_mlx import Model as OwnModel
from backends.genesis_mlx.cache import empty_layer
from backends.genesis_mlx.layers.forward_pass import ForwardPass
from backends.genesis_mlx.plugin.batch import GenesisBatch
from backends.genesis_mlx.plugin.model import Model, ModelArgs
from backends.genesis_mlx.plugin.state import GenesisState

CONFIGURATIONS = ["every-second-attention", "gated-attention", "plain-fox"]
IDS = random_ids(67, 11)
Both = tuple[Model, OwnModel]


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Both:
    """A model behind mlx-lm's names, and the same one behind ours."""
    config = configuration(request.param)
    tensors = checkpoint_tensors(config, seed=SEEDS[request.param])
    own = build(config, tensors, tmp_path_factory.mktemp("plugin"))
    described = own.args.to_config() | {"model_type": "genesis"}
    model = Model(ModelArgs.from_dict(described))
    model.update(own.parameters())
    model.eval()
    return model, own


def test_whole_and_split_as_ours(both: Both) -> None:
    model, own = both
    expected = whole(own, IDS, ttt=False)
    assert max_difference(model(mx.array([IDS]))[0], expected) <= SPLIT
    cache = model.make_cache()
    parts = [
        model(mx.array([IDS[part]]), cache=cache)[0]
        for part in (slice(0, 40), slice(40, 41), slice(41, 67))
    ]
    assert max_difference(mx.concatenate(parts), expected) <= SPLIT
    assert {state.size() for state in cache} == {len(IDS)}
    assert not cache[0].empty()


def test_a_state_is_made_of_what_it_gives(both: Both) -> None:
    model, _ = both
    cache = model.make_cache()
    assert all(state.empty() and not state.is_trimmable() for state in cache)
    model(mx.array([IDS[:30]]), cache=cache)
    again = [GenesisState.from_state(state.state) for state in cache]
    copied = copy.deepcopy(cache)
    expected = model(mx.array([IDS[30:40]]), cache=cache)
    for other in (again, copied):
        assert {state.size() for state in other} == {30}
        found = model(mx.array([IDS[30:40]]), cache=other)
        assert max_difference(found, expected) == 0


def test_rows_of_a_batch_are_read_to_their_ends(both: Both) -> None:
    model, own = both
    texts = [IDS[:5], IDS[10:33], IDS[40:41]]
    starts = [model.make_cache() for _ in texts]
    merged = [GenesisState.merge(list(states)) for states in zip(*starts, strict=True)]
    lengths = [len(text) for text in texts]
    longest = max(lengths)
    padded = mx.array([text + [0] * (longest - len(text)) for text in texts])
    for batch in merged:
        batch.prepare(lengths=lengths, right_padding=[longest - n for n in lengths])
    for part in (slice(0, 4), slice(4, longest)):
        shape = model(padded[:, part], cache=merged).shape
        assert shape == (3, part.stop - part.start, model.args.vocab_size)
    for batch in merged:
        batch.finalize()
    assert [row.size() for row in merged[0].rows] == lengths
    following = model(mx.array([[7], [8], [9]]), cache=merged)
    for row, text in enumerate(texts):
        expected = whole(own, [*text, 7 + row], ttt=False)[-1]
        assert max_difference(following[row, -1], expected) <= SPLIT


def test_rows_come_and_go(both: Both) -> None:
    model, own = both
    states = [model.make_cache() for _ in range(2)]
    for cache, text in zip(states, (IDS[:3], IDS[3:9]), strict=True):
        model(mx.array([text]), cache=cache)
    merged = [GenesisBatch(pair) for pair in zip(*states, strict=True)]
    late = model.make_cache()
    model(mx.array([IDS[20:24]]), cache=late)
    for batch, state in zip(merged, late, strict=True):
        batch.extend(GenesisState.merge([state]))
        batch.filter(mx.array([2, 1]))
    model(mx.array([[4], [5]]), cache=merged)
    single = [batch.extract(1) for batch in merged]
    model(mx.array([[6], [6]]), cache=merged)
    expected = whole(own, [*IDS[3:9], 5, 6], ttt=False)[-1]
    assert max_difference(model(mx.array([[6]]), single)[0, -1], expected) <= SPLIT
    assert merged[0].size() == 8 and merged[0].nbytes > 0


def test_what_may_change_when_weights_are_written(both: Both) -> None:
    model, _ = both
    exact = [name for name in dict_of(model) if not model.cast_predicate(name)]
    assert {name.rpartition(".")[2] for name in exact} >= {"A_log", "dt_bias"}
    assert not model.quant_predicate("blocks.0.attn.gk_proj", model)
    assert model.quant_predicate("blocks.0.ffn.down_proj", model)


def test_weights_are_cast_and_foreign_ones_left_out(both: Both) -> None:
    model, _ = both

    class Narrow(Model):
        compute_dtype = mx.float16

    narrow = Narrow(ModelArgs(model.args))
    weights = dict_of(model) | dict.fromkeys(DERIVED_TENSORS, mx.zeros((2,)))
    found = narrow.sanitize(weights)
    assert found.keys() == dict_of(model).keys()
    for name, array in found.items():
        wide = name.endswith(("A_log", "dt_bias", "log_lr"))
        assert array.dtype == (mx.float32 if wide else mx.float16)


def test_a_configuration_is_checked() -> None:
    config = configuration("every-second-attention")
    ModelArgs.from_dict(config | {"quantize_activations": False, "eos_token_id": 3})
    with pytest.raises(ConfigError, match="strange"):
        ModelArgs.from_dict(config | {"strange": 1})


def dict_of(model: Model) -> dict[str, mx.array]:
    return dict(tree_flatten(model.parameters()))


class Adapted(nn.Module):
    """A layer in another's place, as adapters are."""

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        self.linear = inner

    def __call__(self, x: mx.array) -> mx.array:
        result: mx.array = self.linear(x) * 3
        return result


def test_no_kernel_passes_an_adapter_over(both: Both) -> None:
    """The decoding kernels read a gate's weight; an adapted gate has none."""
    adapted = copy.deepcopy(both[0])
    vector = mx.random.normal((1, 1, adapted.args.n_embd), key=mx.random.key(3))
    for block in adapted.layers:
        names = {"gk_proj", "fgate_proj"} & block.attn.keys()
        for name in names:
            setattr(block.attn, name, Adapted(block.attn[name]))
            block.attn._fits = True
        found = []
        for kernels in (frozenset(), frozenset({"gla_decode", "fox_decode"})):
            forward = ForwardPass(0, 1, kernels=kernels)
            found.append(block.attn(vector, empty_layer(block._kind), forward))
        assert max_difference(*found) == 0
