"""The state of one layer: one class per mixer, every array under a name.

`arrays` gives what has been filled, for saving and evaluating; `restore` takes the
same dictionary back. Copies share memory and are never changed through each other.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import mlx.core as mx

from ...genesis.args import LayerKind
from .growing import GrowingArray

Arrays = dict[str, mx.array]
# Arrays in the dtype the model computes in; the others are float32.
IN_DTYPE = ("conv", "keys", "values")


class LayerCache(Protocol):
    """What every layer's cache can do."""

    def arrays(self) -> Arrays: ...
    def restore(self, arrays: Arrays) -> None: ...
    def copy(self) -> Self: ...
    @property
    def nbytes(self) -> int: ...


@dataclass
class PlainCache:
    """Fixed-size arrays; None until the first token has been read."""

    def arrays(self) -> Arrays:
        return {k: v for k, v in vars(self).items() if v is not None}

    def restore(self, arrays: Arrays) -> None:
        for name in vars(self):
            setattr(self, name, arrays.get(name))

    def copy(self) -> Self:
        return replace(self)

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
        """Add [B, L, heads, Dh] and return all keys and values, [B, S, heads, Dh]."""
        keys = self.keys.append(k.swapaxes(1, 2))
        values = self.values.append(v.swapaxes(1, 2))
        return keys.swapaxes(1, 2), values.swapaxes(1, 2)

    def arrays(self) -> Arrays:
        held = {"keys": self.keys.value(), "values": self.values.value()}
        return {k: v for k, v in held.items() if v is not None}

    def restore(self, arrays: Arrays) -> None:
        self.keys = GrowingArray(arrays.get("keys"))
        self.values = GrowingArray(arrays.get("values"))

    def copy(self) -> Self:
        return replace(self, keys=self.keys.copy(), values=self.values.copy())

    @property
    def nbytes(self) -> int:
        buffers = (self.keys.buffer(), self.values.buffer())
        return sum(buffer.nbytes for buffer in buffers if buffer is not None)


@dataclass
class FoXCache:
    """conv [B, 3, channels], keys [B, Hk, S, Dh], values [B, H, S, Dh] and decay
    [B, H, S] float32, the sum of log forget gates since each key."""

    conv: mx.array | None = None
    kv: AttentionCache = field(default_factory=AttentionCache)
    decay: mx.array | None = None

    def arrays(self) -> Arrays:
        held = {"conv": self.conv, "decay": self.decay}
        return self.kv.arrays() | {k: v for k, v in held.items() if v is not None}

    def restore(self, arrays: Arrays) -> None:
        self.kv.restore(arrays)
        self.conv = arrays.get("conv")
        self.decay = arrays.get("decay")

    def copy(self) -> Self:
        return replace(self, kv=self.kv.copy())

    @property
    def nbytes(self) -> int:
        held = (self.conv, self.decay)
        return self.kv.nbytes + sum(array.nbytes for array in held if array is not None)


def empty_layer(kind: LayerKind) -> LayerCache:
    """A layer's cache before the first token."""
    kinds: dict[LayerKind, type[LayerCache]] = {
        "gla": GLACache,
        "fox": FoXCache,
        "attention": AttentionCache,
    }
    return kinds[kind]()
