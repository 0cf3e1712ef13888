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

from backends.genesis.args import ModelArgs
from backends.genesis.tensor_shapes import ALWAYS_FLOAT32
from backends.genesis_mlx import Model
from backends.genesis_mlx.kernels import KERNELS
from backends.genesis_mlx.self_check.cases import cases
from genesis_chat.bench.cost.graph import trace

pytestmark = needs_kernels
# Prompts in parts of many tokens and of a few, and single tokens after nothing, after
# few keys and after many.
TEXTS = [(1, 1), *((few, 1) for few in range(2, 8)), (70, 1, 3, 1), (512, 1)]


def built(function: Callable[..., Any], inputs: list[mx.array]) -> set[str]:
    """Names of our kernels in a graph."""
    names = {
        str(node.arguments[0])
        for node in trace(function, inputs).primitives
        if node.name == "CustomKernel"
    }
    return {name for name in names if name.startswith("custom_kernel_genesis_")}


def run_by(args: ModelArgs, dtype: mx.Dtype, delta_rule: bool) -> set[str]:
    """What a model runs, with test-time training and without."""
    model = Model(args, delta_rule=delta_rule)
    flat: Any = tree_flatten(model.parameters())
    cast = [(n, a if n.endswith(ALWAYS_FLOAT32) else a.astype(dtype)) for n, a in flat]
    model.update(tree_unflatten(cast))
    if args.use_ttt:
        model.metacognition.ttt.diagonal()
    found: set[str] = set()
    for text in TEXTS:

        def read(ids: mx.array, text: tuple[int, ...] = text) -> list[mx.array]:
            cache, start, outputs = model.make_cache(), 0, []
            for length in text:
                part = ids[:, start : start + length]
                outputs.append(model.features(part, cache))
                start += length
            return [*outputs, *cache.held().values()]

        found |= built(read, [mx.zeros((1, sum(text)), mx.int32)])
    return found


@pytest.mark.parametrize("delta_rule", [False, True])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("released", mx.bfloat16),
        ("plain-gate", mx.float16),
        *(
            pytest.param(name, mx.bfloat16, marks=pytest.mark.slow)
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


def test_every_kernel_is_tried() -> None:
    uses = cases(ModelArgs.released(), mx.bfloat16)
    assert {use.partition(" ")[0] for use in uses} == KERNELS.keys()
