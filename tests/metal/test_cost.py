"""The cost of a decoded token, counted from the graph."""

import json
import threading

import mlx.core as mx
import pytest
from configurations import configuration
from emulation import needs_kernels, running
from waiting import PATIENCE_SECONDS

from backends.genesis_mlx import Model, ModelArgs
from backends.genesis_mlx.cache import BLOCK, FoXCache
from backends.mlx_base.kernels import VARIABLE
from backends.sampling_settings import SamplingSettings
from genesis_chat.bench.cost.dispatches import dispatches
from genesis_chat.bench.cost.graph import as_on_metal, trace
from genesis_chat.bench.cost.ours import genesis_cost, prompt_cost
from genesis_chat.bench.cost.traffic import traffic
from genesis_chat.cli.main import run

# Of a token drawn with the default settings, and of a prompt of 512 tokens.
MOST_DISPATCHES, MOST_OF_A_PROMPT = 300, 450
# Over all weights, keys and values.
MOST_BYTES = 1.03


def count(function: object, *shapes: tuple[int, ...]) -> dict[str, int]:
    graph = trace(function, [mx.zeros(shape) for shape in shapes])  # type: ignore[arg-type]
    return dispatches(graph)


def test_one_thread_at_a_time_has_stand_ins() -> None:
    """The second one would keep the first one's for MLX's own."""
    own, began, seen = mx.default_device, threading.Event(), []

    def other() -> None:
        began.set()
        with as_on_metal():
            seen.append(mx.default_device)

    thread = threading.Thread(target=other)
    with as_on_metal():
        with as_on_metal():
            thread.start()
            assert began.wait(PATIENCE_SECONDS)
        assert mx.default_device is not own and seen == []
    thread.join(PATIENCE_SECONDS)
    assert len(seen) == 1 and seen[0] is not own
    assert mx.default_device is own


def test_views_are_no_dispatches() -> None:
    found = count(lambda x: x.T[2:].reshape(2, 4, 1)[:, None] + 1, (2, 6))
    assert found == {"Copy": 1, "Add": 1}
    assert count(lambda x: x[:, 1:].reshape(5) * 2, (1, 6)) == {"Multiply": 1}
    assert count(lambda x, y: mx.concatenate([x, y]), (2,), (3,)) == {"Copy": 2}


def test_fused_operations_are_one() -> None:
    found = count(lambda x, w: mx.fast.rms_norm(x, w, 1e-6) @ w, (4, 8), (8,))
    assert sum(found.values()) == 2


def test_kernels_copy_inputs_that_are_out_of_order() -> None:
    def run(x: mx.array) -> list[mx.array]:
        kernel = mx.fast.metal_kernel(
            name="copy", input_names=["x"], output_names=["y"], source="y[0] = x[0];"
        )
        return kernel(  # type: ignore[operator,no-any-return]
            inputs=[x.T],
            output_shapes=[(1,)],
            output_dtypes=[x.dtype],
            grid=(1, 1, 1),
            threadgroup=(1, 1, 1),
        )

    assert sum(count(run, (3, 4)).values()) == 2
    assert sum(count(run, (1, 4)).values()) == 1


def test_bytes_count_once() -> None:
    def step(table: mx.array, row: mx.array, cache: mx.array) -> list[mx.array]:
        cache = cache[...]
        cache[1:2] = table[row]
        return [cache, cache[:2] * 2]

    shapes = [(100, 8), (1,), (50, 8)]
    arrays = [mx.zeros(shapes[0]), mx.zeros((1,), mx.int32), mx.zeros(shapes[2])]
    graph = trace(step, arrays)
    names = [operand.name for operand in graph.inputs]
    read, _ = traffic(graph, {names[2]: 64})
    assert read[names[0]] == 8 * 4
    assert read[names[2]] == 64


def test_an_update_of_what_something_reads_is_a_copy() -> None:
    """MLX keeps what a kernel reads until that has run."""

    def append(x: mx.array) -> mx.array:
        held = x[...]
        held[1:2] = 1.0
        return held

    def made(x: mx.array) -> list[mx.array]:
        return [append(x * 2)]

    def read_before(x: mx.array) -> list[mx.array]:
        x = x * 2
        total = x[2:].sum()
        return [append(x), total]

    shape = (4, 6)
    assert "Copy" not in count(made, shape)
    assert count(read_before, shape)["Copy"] == 1
    # Whoever gave it still holds it.
    assert count(lambda x: append(x), shape)["Copy"] == 1
    graphs = [trace(f, [mx.zeros(shape)]) for f in (made, read_before)]
    in_place, copied = (
        sum(traffic(g, {})[0].values()) + traffic(g, {})[1] for g in graphs
    )
    assert copied - in_place >= 2 * 4 * 6 * 4 - 4 * 6


def test_sorts_and_reductions_of_many_are_several() -> None:
    assert count(lambda x: mx.sort(x), (2048,)) == {"Sort": 1}
    # Blocks, five rounds of merges of two each, and a copy.
    assert count(lambda x: mx.sort(x), (50279,)) == {"Sort": 12}
    assert count(lambda x: x.max(), (50279,)) == {"Reduce": 2}
    assert count(lambda x: x.max(axis=-1), (4, 4096)) == {"Reduce": 1}


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize("context", [100, 1024, 2047])
def test_the_released_shape_stays_within_its_goals(context: int, ttt: bool) -> None:
    cost = genesis_cost(ModelArgs.released(), context, ttt)
    assert cost.dispatches_per_token <= MOST_DISPATCHES
    least = cost.weight_bytes + cost.key_value_bytes
    assert cost.weight_bytes <= cost.bytes_per_token <= MOST_BYTES * least
    # Nothing of the cache is copied.
    assert "SliceUpdate" not in cost.nodes


@pytest.mark.parametrize("length", [512, 500])
def test_a_prompt_stays_within_its_goals(length: int) -> None:
    cost = prompt_cost(ModelArgs.released(), length, False)
    assert cost.tokens == length and cost.dispatches <= MOST_OF_A_PROMPT
    assert sum(cost.nodes.values()) == cost.dispatches


def test_every_way_of_sampling_is_counted() -> None:
    args = ModelArgs.released()
    greedy = SamplingSettings(temperature=0.0, repetition_penalty=1.0)
    least = genesis_cost(args, 100, False, greedy).dispatches_per_token
    usual = genesis_cost(args, 100, False).dispatches_per_token
    # Without top-k, or with a large one, one kernel instead of a sort of all.
    whole = genesis_cost(args, 100, False, SamplingSettings(top_k=0))
    assert least < whole.dispatches_per_token < usual <= MOST_DISPATCHES
    assert whole.nodes["genesis_nucleus"] == 1 and "Sort" not in whole.nodes
    many = genesis_cost(args, 100, False, SamplingSettings(top_k=5000))
    assert many.nodes["genesis_nucleus"] == 2 and "Sort" not in many.nodes
    assert many.dispatches_per_token < usual


@pytest.mark.parametrize("ttt", [False, True])
def test_readings_are_no_work_for_the_device(ttt: bool) -> None:
    plain, told = (
        genesis_cost(ModelArgs.released(), 1024, ttt, readings=each)
        for each in (False, True)
    )
    assert told == plain


@needs_kernels
def test_as_many_kernels_are_counted_as_run() -> None:
    args = ModelArgs.from_config(configuration("released-ratios"), accept_unknown=True)
    model = Model(args)
    cache = model.make_cache(ttt=True)
    with running() as reports:
        model(mx.array([[1, 2, 3]]), cache)
        before = len(reports)
        model(mx.array([[4]]), cache)
    counted = genesis_cost(args, 3, True).nodes
    kernels = {name: n for name, n in counted.items() if name.startswith("genesis_")}
    if reports:
        assert sum(kernels.values()) == len(reports) - before


@needs_kernels
@pytest.mark.parametrize("seen", [BLOCK - 2, BLOCK, 2 * BLOCK + 3])
def test_a_decoded_token_copies_nothing(
    seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ModelArgs.from_config(configuration("released-ratios"), accept_unknown=True)
    model = Model(args)
    cache = model.make_cache(ttt=True)
    monkeypatch.setenv(VARIABLE, "ops")
    model(mx.array([[*range(seen)]]), cache)
    mx.eval(cache.held())
    monkeypatch.delenv(VARIABLE)
    layers = [each for each in cache.layers if isinstance(each, FoXCache)]
    blocks = [(layer.keys, layer.values, layer.decay) for layer in layers]
    with running() as reports:
        mx.eval(model(mx.array([[4]]), cache))
    # No kernel has an input that MLX would copy first, and the blocks are the same.
    assert not any(report.copied_bytes for report in reports)
    after = [(layer.keys, layer.values, layer.decay) for layer in layers]
    assert all(a is b for a, b in zip(sum(after, ()), sum(blocks, ()), strict=True))


def test_the_command_prints_what_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--cost", "--json", "--context", "100"]) == 0
    ours = json.loads(capsys.readouterr().out)
    assert ours["computed"] is True and ours["context"] == 100
    assert ours["key_value_bytes"] == 7 * 12 * 64 * 100 * 2
    assert ours["dispatches_per_token"] == sum(ours["nodes"].values())
    assert ours["prompt"]["tokens"] == 512
    mixers = {"genesis_gla_decode": 23, "genesis_fox_decode": 7}
    assert mixers.items() <= ours["nodes"].items()
    for peer in ours["peers"]:
        assert peer.keys() == ours.keys() & peer.keys()
        assert peer["dispatches_per_token"] > ours["dispatches_per_token"]
    assert ours["milliseconds"]["M1"] == pytest.approx(
        ours["bytes_per_token"] / 68.25e6
    )
