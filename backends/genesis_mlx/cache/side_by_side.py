"""The states of several texts as one, for steps that read a token of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_
from typing import Generic, TypeVar
from weakref import ref

import mlx.core as mx

from .cache import Cache
from .fox import FoXCache
from .layer import AttentionCache, LayerCache, TTTCache

AnyLayer = TypeVar("AnyLayer", bound=LayerCache)
# A layer's number, or -1 for test-time training, and the name of an array in it.
Place = tuple[int, str]


@dataclass
class Texts(Generic[AnyLayer]):
    """A layer's states of several texts, whose keys are of different lengths.

    `conv` is the texts' own as one, [B, 3, channels], where there is one.
    """

    texts: list[AnyLayer]
    conv: mx.array | None = None


@dataclass
class JoinedCache:
    """What a step of several texts reads and updates: a state for each layer."""

    layers: "list[LayerCache | Texts[FoXCache] | Texts[AttentionCache]]"
    ttt: TTTCache | None


class SideBySide:
    """Joins the states of texts, and parts them again, step after step.

    Arrays of a fixed size stay joined as long as the same texts go on: their own are
    views that nobody evaluates. Keys and values stay where they are.
    """

    def __init__(self) -> None:
        self._joined: dict[Place, tuple[list[mx.array], mx.array]] = {}
        self._members: list[ref[Cache]] = []

    def join(self, caches: Sequence[Cache]) -> JoinedCache:
        """The states of texts that have read at least one token each, as one.

        They share memory; nothing that is done to it changes them.
        """
        members = [member() for member in self._members]
        if len(members) != len(caches) or any(
            member is not cache for member, cache in zip(members, caches, strict=True)
        ):
            self._let_go(members, caches)
        layers = [
            self._joined_layer(number, [cache.layers[number] for cache in caches])
            for number in range(len(caches[0].layers))
        ]
        adapting = [cache.ttt for cache in caches if cache.ttt is not None]
        ttt = TTTCache(**self._joined_arrays(-1, adapting)) if adapting else None
        return JoinedCache(layers, ttt)

    def part(self, joined: JoinedCache, caches: Sequence[Cache]) -> None:
        """Each text takes over its state, with one token more."""
        self._members = [ref(cache) for cache in caches]
        self._joined.clear()
        count = len(caches)
        for number, layer in enumerate(joined.layers):
            if isinstance(layer, Texts):
                own: Sequence[LayerCache] = layer.texts
                if layer.conv is not None:
                    self._part_array((number, "conv"), layer.conv, own)
            else:
                own = [type(layer)() for _ in range(count)]
                for name, array in layer.held().items():
                    self._part_array((number, name), array, own)
            for cache, state in zip(caches, own, strict=True):
                cache.layers[number] = state
        if joined.ttt is not None:
            sums = [TTTCache() for _ in range(count)]
            for name, array in joined.ttt.held().items():
                self._part_array((-1, name), array, sums)
            for cache, each in zip(caches, sums, strict=True):
                cache.ttt = each
        for cache in caches:
            cache.advance(1)

    def _joined_layer(
        self, number: int, layers: Sequence[LayerCache]
    ) -> "LayerCache | Texts[FoXCache] | Texts[AttentionCache]":
        first = layers[0]
        if isinstance(first, FoXCache):
            own = [each.copy() for each in layers if isinstance(each, FoXCache)]
            if first.conv is None:
                return Texts(own)
            convs = [each.conv for each in own if each.conv is not None]
            return Texts(own, self._joined_array((number, "conv"), convs))
        if isinstance(first, AttentionCache):
            return Texts([e.copy() for e in layers if isinstance(e, AttentionCache)])
        return type(first)(**self._joined_arrays(number, layers))

    def _joined_arrays(
        self, number: int, layers: Sequence[LayerCache]
    ) -> dict[str, mx.array]:
        held = [each.held() for each in layers]
        return {
            name: self._joined_array((number, name), [each[name] for each in held])
            for name in held[0]
        }

    def _joined_array(self, place: Place, parts: list[mx.array]) -> mx.array:
        known, whole = self._joined.get(place, ([], None))
        same = len(known) == len(parts) and all(map(is_, known, parts))
        return whole if same and whole is not None else mx.concatenate(parts)

    def _part_array(
        self, place: Place, whole: mx.array, layers: Sequence[LayerCache]
    ) -> None:
        parts = whole.split(len(layers))
        self._joined[place] = parts, whole
        for layer, part in zip(layers, parts, strict=True):
            setattr(layer, place[1], part)

    def _let_go(
        self, members: Sequence[Cache | None], staying: Sequence[Cache]
    ) -> None:
        """States that have left get arrays of their own: a view keeps all in memory."""
        copies = []
        for row, cache in enumerate(members):
            if cache is None or any(cache is each for each in staying):
                continue
            for (number, name), (parts, _) in self._joined.items():
                layer = cache.ttt if number < 0 else cache.layers[number]
                if layer is not None and getattr(layer, name) is parts[row]:
                    copies.append(mx.contiguous(parts[row]))
                    setattr(layer, name, copies[-1])
        mx.eval(copies)
