"""mlx-lm's Qwen3-Next in the sizes of a Genesis model, counted; run as a program."""

import json
import sys
from dataclasses import asdict
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_unflatten

from backends.genesis.args import ModelArgs

from ..qwen3_next import peer_config
from .cost import Cost
from .dispatches import dispatches
from .graph import as_on_metal, one_node, trace
from .traffic import traffic


def main() -> None:
    """Read a request on stdin and write its `Cost` as the last line of stdout."""
    request = json.load(sys.stdin)
    args = ModelArgs(**request["args"])
    with as_on_metal():
        # mlx-lm makes its kernels and compiles its functions as it is imported; this
        # one is already there.
        nn.silu = mx.compile(nn.silu)
        from mlx_lm.models import qwen3_next
    print(json.dumps(asdict(_cost(qwen3_next, args, request["context"]))))


def _cost(qwen3_next: Any, args: ModelArgs, context: int) -> Cost:
    """A greedy token after `context` others, weights in bfloat16."""
    mx.fast.gated_delta_update = _gated_delta  # type: ignore[assignment]
    config = peer_config(qwen3_next, args)
    model: nn.Module = qwen3_next.Model(config)
    model.eval()
    weights = {name: mx.zeros(array.shape, mx.bfloat16) for name, array in _flat(model)}
    keys = (1, args.n_kv_head, -(-(context + 1) // 256) * 256, args.head_dim)
    channels = args.n_kv_head * args.gla_key_dim * 2 + args.n_head * args.gla_value_dim
    state: list[mx.array] = []
    for layer in model.layers:
        if layer.is_linear:
            conv = (1, args.gla_conv_size - 1, channels)
            wide = (1, args.n_head, args.gla_value_dim, args.gla_key_dim)
            state += [mx.zeros(conv, mx.bfloat16), mx.zeros(wide)]
        else:
            state += [mx.zeros(keys, mx.bfloat16), mx.zeros(keys, mx.bfloat16)]

    def step(*arrays: mx.array) -> list[mx.array]:
        given = zip(weights, arrays, strict=False)
        model.update(tree_unflatten(list(given)))
        held = list(arrays[len(weights) : -1])
        caches = model.make_cache()
        for index, (cache, layer) in enumerate(zip(caches, model.layers, strict=True)):
            first, second = held[2 * index : 2 * index + 2]
            if layer.is_linear:
                cache[0], cache[1] = first, second
            else:
                cache.keys, cache.values, cache.offset = first, second, context
        logits = model(arrays[-1], cache=caches)[:, -1]
        likely = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
        outputs = [mx.argmax(likely, axis=-1), likely]
        for cache, layer in zip(caches, model.layers, strict=True):
            own = cache.cache if layer.is_linear else [cache.keys, cache.values]
            outputs += own
        return outputs

    graph = trace(step, [*weights.values(), *state, mx.zeros((1, 1), mx.int32)])
    operands = graph.inputs[len(weights) : -1]
    partly = {
        operand.name: operand.nbytes // keys[2] * context
        for operand in operands
        if operand.shape == keys
    }
    read, others = traffic(graph, partly)
    nodes = dispatches(graph)
    return Cost(
        name=f"mlx-lm Qwen3-Next, {args.n_layer} layers of the same sizes",
        dispatches_per_token=sum(nodes.values()),
        bytes_per_token=sum(read.values()) + others,
        weight_bytes=sum(array.nbytes for array in weights.values()),
        key_value_bytes=sum(partly.values()),
        nodes=nodes,
    )


def _flat(model: nn.Module) -> list[tuple[str, mx.array]]:
    found = tree_flatten(model.parameters())
    assert isinstance(found, list)
    return found


def _gated_delta(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    gamma: mx.array,
    beta: mx.array,
    initial_state: mx.array | None = None,
    mask: mx.array | None = None,
    **_: Any,
) -> list[mx.array]:
    inputs = [q, k, v, gamma, beta, initial_state, mask]
    shape = (v.shape[0], v.shape[2], v.shape[3], k.shape[3])
    state = mx.zeros(shape) if initial_state is None else initial_state
    return one_node("gated_delta", inputs, [v, state])


if __name__ == "__main__":
    main()
