"""Counting a decoded token of Genesis."""

import mlx.core as mx
from mlx.utils import tree_flatten, tree_unflatten

from backends.genesis.args import ModelArgs
from backends.genesis.cache_shapes import cache_shapes
from backends.genesis.tensor_shapes import ALWAYS_FLOAT32
from backends.genesis_mlx.cache import IN_DTYPE, Cache, FoXCache
from backends.genesis_mlx.cache.growing import STEP
from backends.genesis_mlx.model import Model
from backends.genesis_mlx.stepper import drawn
from backends.mlx_base.sampling import Sampler
from backends.sampling_settings import SamplingSettings

from .cost import Cost
from .dispatches import dispatches
from .graph import trace
from .traffic import traffic


def genesis_cost(args: ModelArgs, context: int, ttt: bool) -> Cost:
    """A greedy token after `context` others, weights in bfloat16."""
    model = Model(args)
    weights = {
        name: mx.zeros(
            array.shape, mx.float32 if name.endswith(ALWAYS_FLOAT32) else mx.bfloat16
        )
        for name, array in _flat(model)
    }
    shapes = cache_shapes(args, ttt, 1, context)
    room = -(-(context + 1) // STEP) * STEP
    state = {
        name: mx.zeros(
            (*shape[:2], room, shape[3]) if _grows(name) else shape,
            mx.bfloat16 if name.endswith(IN_DTYPE) else mx.float32,
        )
        for name, shape in shapes.items()
    }
    settings = SamplingSettings(temperature=0.0, repetition_penalty=1.0)
    # W0's diagonal is looked up once for a model, which needs values; any D will do.
    names, held = [*weights, *state], [*weights.values(), *state.values()]

    def step(*arrays: mx.array) -> list[mx.array]:
        given = dict(zip(names, arrays, strict=False))
        model.update(tree_unflatten([(n, given[n]) for n in weights]))
        if args.use_ttt:
            layer = model.metacognition.ttt
            layer._checked = (layer.W0, layer.norm.weight)
        cache = _cache(args, ttt, {n: given[n] for n in state}, context)
        features = model.features(arrays[-1], cache)
        sampler = Sampler(settings, args.vocab_size)
        drawing = drawn(model, sampler, features)
        buffers = [each for layer in cache.layers for each in _buffers(layer)]
        return [*drawing.arrays(), *cache.arrays().values(), *buffers]

    graph = trace(step, [*held, mx.zeros((1, 1), mx.int32)])
    place = {
        name: operand.name
        for name, operand in zip(names, graph.inputs[:-1], strict=True)
    }
    partly = {
        place[name]: array.nbytes // room * context
        for name, array in state.items()
        if _grows(name)
    }
    read, others = traffic(graph, partly)
    nodes = dispatches(graph)
    return Cost(
        name=f"Genesis, {args.n_layer} blocks",
        dispatches_per_token=sum(nodes.values()),
        bytes_per_token=sum(read.values()) + others,
        weight_bytes=sum(array.nbytes for array in weights.values()),
        key_value_bytes=sum(partly.values()),
        nodes=nodes,
    )


def _flat(model: Model) -> list[tuple[str, mx.array]]:
    flat = tree_flatten(model.parameters())
    assert isinstance(flat, list)
    return flat


def _grows(name: str) -> bool:
    return name.endswith((".keys", ".values"))


def _cache(
    args: ModelArgs, ttt: bool, state: dict[str, mx.array], context: int
) -> Cache:
    """A cache of tracers whose buffers have room left, as they mostly have."""
    cache = Cache.empty(args, ttt)
    parts = {f"layers.{i}": layer for i, layer in enumerate(cache.layers)}
    if cache.ttt is not None:
        parts["ttt"] = cache.ttt
    for prefix, part in parts.items():
        start = f"{prefix}."
        own = {
            n.removeprefix(start): a for n, a in state.items() if n.startswith(start)
        }
        part.restore(own)
        if isinstance(part, FoXCache):
            part.kv.keys.length = part.kv.values.length = context
    cache.offset = context
    return cache


def _buffers(layer: object) -> list[mx.array]:
    if not isinstance(layer, FoXCache):
        return []
    found = (layer.kv.keys.buffer(), layer.kv.values.buffer())
    return [each for each in found if each is not None]
