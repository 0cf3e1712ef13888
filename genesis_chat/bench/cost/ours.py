"""Counting a decoded token of Genesis, and a prompt."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import mlx.core as mx
from mlx.utils import tree_flatten, tree_unflatten

from backends.genesis.args import ModelArgs
from backends.genesis.cache_shapes import cache_shapes
from backends.genesis.tensor_shapes import ALWAYS_FLOAT32
from backends.genesis_mlx.cache import BLOCK, IN_DTYPE, Cache
from backends.genesis_mlx.decoding import Decoding
from backends.genesis_mlx.layers import Places
from backends.genesis_mlx.model import Model
from backends.mlx_base.sampling import Sampler
from backends.sampling_settings import SamplingSettings

from .cost import Cost, PromptCost
from .dispatches import dispatches
from .graph import Graph, as_on_metal, trace
from .traffic import traffic

DEFAULTS = SamplingSettings()


class TokenStep(NamedTuple):
    """A token's graph as a function of arrays: the weights, what the cache holds, what
    changes with the token's position, tokens seen, a random number, and the token."""

    function: Callable[..., list[mx.array]]
    decoding: Decoding
    cache: Cache
    weights: dict[str, mx.array]
    others: list[mx.array]


def token_step(
    args: ModelArgs,
    context: int,
    ttt: bool,
    settings: SamplingSettings,
    readings: bool = False,
) -> TokenStep:
    """The step after `context` tokens; its arrays are zeros."""
    model, weights = _in_bfloat16(args)
    cache = _filled(args, ttt, context)
    held = cache.held()
    with as_on_metal():
        decoding = Decoding(model, replace(settings, seed=0), ttt, readings)
    tables, *slots = decoding.places(context)
    occurred = Sampler(settings, args.vocab_size).occurred

    def step(*arrays: mx.array) -> list[mx.array]:
        own = dict(zip([*weights, *held], arrays, strict=False))
        _take(model, {name: own[name] for name in weights})
        *rest, uniform, token = arrays[len(own) :]
        *turns, start, slot = rest[: -len(occurred)]
        pairs = list(zip(turns[::2], turns[1::2], strict=True))
        found, then, after, told = decoding.decode(
            token,
            {name: own[name] for name in held},
            Places(pairs, start, slot),
            dict(zip(occurred, rest[-len(occurred) :], strict=True)),
            uniform,
        )
        layers = [array for layers in told.values() for array in layers]
        return [*found, *then.values(), *after.values(), *layers]

    flat = [each for table in tables for each in table]
    token = mx.zeros((1, 1), mx.uint32)
    others = [*held.values(), *flat, *slots, *occurred.values(), mx.zeros((1,)), token]
    return TokenStep(step, decoding, cache, weights, others)


def genesis_cost(
    args: ModelArgs,
    context: int,
    ttt: bool,
    settings: SamplingSettings = DEFAULTS,
    readings: bool = False,
) -> Cost:
    """A token after `context` others, drawn as a chat draws, weights in bfloat16."""
    step = token_step(args, context, ttt, settings, readings)
    graph = trace(step.function, [*step.weights.values(), *step.others])
    held = step.cache.held()
    place = _places(graph, [*step.weights, *held])
    keys = {
        place[name]: _read(name, array, step.cache)
        for name, array in held.items()
        if name.endswith(("keys", "values"))
    }
    return _cost(args, graph, step.weights, keys)


def prompt_cost(args: ModelArgs, length: int, ttt: bool) -> PromptCost:
    """Reading the first `length` tokens of a text at once, weights in bfloat16."""
    model, weights = _in_bfloat16(args)
    names = [*weights]

    def read(*arrays: mx.array) -> list[mx.array]:
        _take(model, dict(zip(names, arrays, strict=False)))
        cache = model.make_cache(ttt)
        features = model.features(arrays[-1], cache)
        return [features[:, -1:], *cache.held().values()]

    graph = trace(read, [*weights.values(), mx.zeros((1, length), mx.int32)])
    read_bytes, others = traffic(graph, {})
    nodes = dispatches(graph)
    whole = sum(read_bytes.values()) + others
    return PromptCost(length, sum(nodes.values()), whole, nodes)


def _in_bfloat16(args: ModelArgs) -> tuple[Model, dict[str, mx.array]]:
    """A model, and weights for it by name."""
    model = Model(args)
    flat = tree_flatten(model.parameters())
    assert isinstance(flat, list)
    wide = {
        name: mx.float32 if name.endswith(ALWAYS_FLOAT32) else mx.bfloat16
        for name, _ in flat
    }
    return model, {name: mx.zeros(array.shape, wide[name]) for name, array in flat}


def _take(model: Model, weights: dict[str, mx.array]) -> None:
    model.update(tree_unflatten(list(weights.items())))
    if model.args.use_ttt:
        # W0's diagonal is looked up once for a model, which needs values; any will do.
        layer = model.metacognition.ttt
        layer._checked = (layer.W0, layer.norm.weight)


def _filled(args: ModelArgs, ttt: bool, context: int) -> Cache:
    """A cache of zeros that has read so many tokens."""
    arrays = {
        name: mx.zeros(shape, mx.bfloat16 if name.endswith(IN_DTYPE) else mx.float32)
        for name, shape in cache_shapes(args, ttt, 1, context).items()
    }
    cache = Cache.empty(args, ttt)
    cache.restore_arrays(arrays, context)
    return cache


def _read(name: str, array: mx.array, cache: Cache) -> int:
    """Bytes of keys or values that are read: of a tail, what is filled of it."""
    in_tail = "tail_" in name
    return array.nbytes // BLOCK * (cache.offset % BLOCK) if in_tail else array.nbytes


def _places(graph: Graph, names: list[str]) -> dict[str, str]:
    operands = (operand.name for operand in graph.inputs)
    return dict(zip(names, operands, strict=False))


def _cost(
    args: ModelArgs, graph: Graph, weights: dict[str, mx.array], keys: dict[str, int]
) -> Cost:
    read, others = traffic(graph, keys)
    nodes = dispatches(graph)
    return Cost(
        name=f"Genesis, {args.n_layer} blocks",
        dispatches_per_token=sum(nodes.values()),
        bytes_per_token=sum(read.values()) + others,
        weight_bytes=sum(array.nbytes for array in weights.values()),
        key_value_bytes=sum(keys.values()),
        nodes=nodes,
    )
