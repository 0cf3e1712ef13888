"""What is tried when a model is loaded is what it runs: the kernels' generated names.

MLX names a kernel after its constants, its types, and which inputs are small; each name
is built by itself.
"""

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import pytest
from configurations import configuration
from emulation import needs_kernels
from mlx.utils import tree_flatten, tree_unflatten
from slow import slow

from backends.genesis.args import ModelArgs
from backends.genesis.tensor_shapes import ALWAYS_FLOAT32
from backends.genesis_mlx import Model
from backends.genesis_mlx.cache import SideBySide
from backends.genesis_mlx.layers import ForwardPass
from backends.genesis_mlx.layers.trace import Trace
from backends.genesis_mlx.readings import Pending, traced
from backends.genesis_mlx.self_check.cases import cases
from backends.mlx_base.kernels import KERNELS, chosen
from backends.mlx_base.nucleus import nucleus_by
from backends.mlx_base.sampling import Sampler, draw, drawn
from backends.mlx_base.self_check import drawing_cases
from backends.sampling_settings import SamplingSettings
from genesis_chat.bench.cost.graph import trace

pytestmark = needs_kernels
# Prompts in parts of many tokens and of a few, and single tokens after nothing, after
# few keys and after many.
SPLIT = (70, 1, 3, 1)
TEXTS = [(1, 1), *((few, 1) for few in range(2, 8)), SPLIT, (512, 1)]
# Ways of drawing that look for the largest in different ways.
WAYS = [
    SamplingSettings(alternatives=3),
    SamplingSettings(top_k=0, min_p=0.1, presence_penalty=1),
    SamplingSettings(top_k=5000),
    SamplingSettings(temperature=0),
]


def built(function: Callable[..., Any], inputs: list[mx.array]) -> set[str]:
    """Names of our kernels in a graph."""
    names = {
        str(node.arguments[0])
        for node in trace(function, inputs).primitives
        if node.name == "CustomKernel"
    }
    return {name for name in names if name.startswith("custom_kernel_genesis_")}


def run_by(args: ModelArgs, dtype: mx.Dtype, delta_rule: bool) -> set[str]:
    """What a model runs with test-time training; readings add nothing to it."""
    model = Model(args, delta_rule=delta_rule)
    flat: Any = tree_flatten(model.parameters())
    cast = [(n, a if n.endswith(ALWAYS_FLOAT32) else a.astype(dtype)) for n, a in flat]
    model.update(tree_unflatten(cast))
    if args.use_ttt:
        model.metacognition.ttt.diagonal()

    def reading(text: tuple[int, ...], readings: bool = False) -> set[str]:
        def read(ids: mx.array) -> list[mx.array]:
            cache, start, outputs = model.make_cache(), 0, []
            for length in text:
                part = ids[:, start : start + length]
                trace = Trace() if readings else None
                outputs += [model.features(part, cache, trace)]
                outputs += Pending(traced(trace), 0).arrays()
                start += length
            return [*outputs, *cache.held().values()]

        return built(read, [mx.zeros((1, sum(text)), mx.int32)])

    found = {text: reading(text) for text in TEXTS}
    assert reading(SPLIT, readings=True) == found[SPLIT]
    drawn = [drawing(args, way) for way in WAYS]
    together = [side_by_side(model, count) for count in (2, 8)]
    return set().union(*found.values(), *together, *drawn)


def side_by_side(model: Model, count: int) -> set[str]:
    """What a token of each of several texts runs."""

    def step(tokens: mx.array) -> list[mx.array]:
        caches = [model.make_cache() for _ in range(count)]
        for cache in caches:
            model.features(tokens[:1], cache)
        offsets = [cache.offset for cache in caches]
        forward = ForwardPass.side_by_side(offsets, chosen(), model.delta_rule)
        return [model.hidden(tokens, SideBySide().join(caches), forward)]

    return built(step, [mx.zeros((count, 1), mx.int32)])


def drawing(args: ModelArgs, settings: SamplingSettings) -> set[str]:
    """What drawing a token runs."""

    def arrays(logits: mx.array) -> list[mx.array]:
        occurred = Sampler(settings, args.vocab_size).occurred
        select = nucleus_by(frozenset(KERNELS))
        found, _ = drawn(logits, occurred, settings, mx.zeros((1,)), select)
        return found.arrays()

    return built(arrays, [mx.zeros((args.vocab_size,))])


@pytest.mark.parametrize("delta_rule", [False, True])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("released", mx.bfloat16),
        slow("plain-gate", mx.float16),
        *(
            slow(name, mx.bfloat16)
            for name in (
                "released-ratios",
                "one-key-head",
                "weight-norms",
                "softmax-queries",
                "plain-fox",
                "no-ttt",
                "gated-attention",
            )
        ),
    ],
)
def test_what_is_tried_is_what_runs(
    name: str, dtype: mx.Dtype, delta_rule: bool
) -> None:
    if name == "released":
        args = ModelArgs.released()
    else:
        args = ModelArgs.from_config(configuration(name), accept_unknown=True)
    tried: set[str] = set()
    for case in cases(args, dtype, delta_rule).values():
        tried |= built(lambda _, case=case: list(case.kernel()), [mx.zeros((1,))])
    assert tried == run_by(args, dtype, delta_rule)


@pytest.mark.parametrize("size", [2048, 2049, 151_936])
def test_what_is_tried_is_what_draws_in_other_families(size: int) -> None:
    tried: set[str] = set()
    for case in drawing_cases(size).values():
        tried |= built(lambda _, case=case: list(case.kernel()), [mx.zeros((1,))])
    drawn = [
        built(lambda logits: draw(Sampler(way, size), logits).arrays(), [logits])  # noqa: B023  # called at once
        for way in WAYS
        for logits in (mx.zeros((size,)), mx.zeros((size,), mx.bfloat16))
    ]
    assert tried == set().union(*drawn) and bool(tried) is (size > 2048)


def test_every_kernel_is_tried() -> None:
    uses = cases(ModelArgs.released(), mx.bfloat16)
    assert {use.partition(" ")[0] for use in uses} == KERNELS.keys()
