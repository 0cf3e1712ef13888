"""The state of one layer: one class per mixer, every array under a name.

`arrays` gives what has been filled, for saving; `restore` takes the same dictionary
back. `held` gives the arrays in memory, for evaluating; `hold` takes others in their
places, which `advance` counts. Copies share memory and are never changed through each
other.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import mlx.core as mx

from ...genesis.args import LayerKind
from .arrays import Arrays
from .fox import FoXCache
from .growing import GrowingArray

# Arrays in the dtype the model computes in; the others are float32.
IN_DTYPE = ("conv", "keys", "values")


class LayerCache(Protocol):
    """What every layer's cache can do."""

    def arrays(self) -> Arrays: ...
    def held(self) -> Arrays: ...
    def hold(self, arrays: Arrays) -> None: ...
    def restore(self, arrays: Arrays) -> None: ...
    def copy(self) -> Self: ...
    def advance(self, offset: int) -> None: ...
    @property
    def nbytes(self) -> int: ...


@dataclass
class PlainCache:
    """Fixed-size arrays; None until the first token has been read."""

    def arrays(self) -> Arrays:
        return {k: v for k, v in vars(self).items() if v is not None}

    def held(self) -> Arrays:
        return self.arrays()

    def hold(self, arrays: Arrays) -> None:
        vars(self).update(arrays)

    def restore(self, arrays: Arrays) -> None:
        for name in vars(self):
            setattr(self, name, arrays.get(name))

    def copy(self) -> Self:
        return replace(self)

    def advance(self, offset: int) -> None:
        """Nothing in it counts tokens."""

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays().values())


@dataclass
class GLACache(PlainCache):
    """conv [B, W - 1, channels]; state [B, H, Dk, Dv] float32."""

    conv: mx.array | None = None
    state: mx.array | None = None


@dataclass
class TTTCache(PlainCache):
    """gradient_sum [B, D] and confidence_sum [B], both float32."""

    gradient_sum: mx.array | None = None
    confidence_sum: mx.array | None = None


@dataclass
class AttentionCache:
    """keys and values [B, Hk, S, Dh]."""

    keys: GrowingArray = field(default_factory=GrowingArray)
    values: GrowingArray = field(default_factory=GrowingArray)

    def append(self, k: mx.array, v: mx.array) -> tuple[mx.array, mx.array]:
        """Add [B, L, heads, Dh] and return all keys and values, [B, heads, S, Dh]."""
        keys = self.keys.append(k.swapaxes(1, 2))
        return keys, self.values.append(v.swapaxes(1, 2))

    def follow(
        self, k: mx.array, v: mx.array, place: mx.array
    ) -> tuple[mx.array, mx.array, mx.array]:
        """Add a token [B, 1, heads, Dh] whose place [1] is an array.

        Returns keys and values with the room for more, [B, heads, S or more, Dh], and
        which of them there are [S or more] bool; `advance` counts it.
        """
        keys, _ = self.keys.put(k.swapaxes(1, 2), place)
        values, there = self.values.put(v.swapaxes(1, 2), place)
        return keys, values, there

    def arrays(self) -> Arrays:
        held = {"keys": self.keys.value(), "values": self.values.value()}
        return {k: v for k, v in held.items() if v is not None}

    def held(self) -> Arrays:
        held = {"keys": self.keys.buffer(), "values": self.values.buffer()}
        return {k: v for k, v in held.items() if v is not None}

    def hold(self, arrays: Arrays) -> None:
        for name, array in arrays.items():
            setattr(self, name, GrowingArray(array, getattr(self, name).length))

    def restore(self, arrays: Arrays) -> None:
        self.keys = GrowingArray(arrays.get("keys"))
        self.values = GrowingArray(arrays.get("values"))

    def copy(self) -> Self:
        return replace(self, keys=self.keys.copy(), values=self.values.copy())

    def advance(self, offset: int) -> None:
        """So many tokens have been read; there is room for the next one."""
        self.keys.reach(offset)
        self.values.reach(offset)

    @property
    def nbytes(self) -> int:
        buffers = (self.keys.buffer(), self.values.buffer())
        return sum(buffer.nbytes for buffer in buffers if buffer is not None)


def empty_layer(kind: LayerKind) -> LayerCache:
    """A layer's cache before the first token."""
    kinds: dict[LayerKind, type[LayerCache]] = {
        "gla": GLACache,
        "fox": FoXCache,
        "attention": AttentionCache,
    }
    return kinds[kind]()
