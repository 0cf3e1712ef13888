"""The state of a whole conversation, in flat arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from ..errors import CacheError
from ..genesis.args import ModelArgs
from ..genesis.cache_files import cache_metadata, read_cache_header
from ..new_file import new_file
from ..stored_tensors import Float32, map_tensors
from .layout import StateLayout, state_layout

STEP = 256
# Of float16.
LARGEST = np.float32(65504)


@dataclass(frozen=True)
class KeysAndValues:
    """Room for keys [layers, Hk, room, Dh] and values [layers, Hv, room, Dh].

    Float32, or beside weights in codes the bits of float16, half to be read per token.
    Copies of a cache share it: what one has read is never written again, and only
    the one that has read all of `used` [1] goes on in the same room.
    """

    keys: NDArray[Any]
    values: NDArray[Any]
    used: NDArray[np.int64]

    @classmethod
    def empty(
        cls, keys: tuple[int, int], values: tuple[int, int], width: int, halves: bool
    ) -> Self:
        """No room yet for layers and heads of `keys` and `values`."""
        kind = np.int16 if halves else np.float32
        first, second = (np.zeros((*each, 0, width), kind) for each in (keys, values))
        return cls(first, second, np.zeros(1, np.int64))

    @property
    def room(self) -> int:
        """Tokens it can hold."""
        return int(self.keys.shape[2])

    def with_room(self, offset: int, tokens: int) -> "KeysAndValues":
        """This room, or a larger copy, for `tokens` more after `offset`."""
        needed, room = offset + tokens, self.room
        if needed <= room and offset == self.used[0]:
            return self
        if needed > room:
            room = -(-max(needed, offset + offset // 4) // STEP) * STEP
        keys, values = (
            grown(array, offset, room) for array in (self.keys, self.values)
        )
        return KeysAndValues(keys, values, np.array([offset]))


@dataclass(frozen=True)
class State:
    """Everything after some tokens. Compiled steps update it in one piece.

    `fixed` holds what does not grow, by `layout.StateLayout`; `decay` [layers, H,
    room] the sums of forget gates; `offset` [1] the number of tokens.
    """

    fixed: Float32
    kv: KeysAndValues
    decay: Float32
    offset: NDArray[np.int64]

    def copy(self) -> "State":
        """A state that can be updated while this one stays."""
        return State(self.fixed.copy(), self.kv, self.decay.copy(), self.offset.copy())

    def with_room(self, tokens: int) -> "State":
        """This state, or a larger copy, so that `tokens` more can be appended."""
        offset = int(self.offset[0])
        kv = self.kv.with_room(offset, tokens)
        if kv is self.kv:
            return self
        return replace(self, kv=kv, decay=grown(self.decay, offset, kv.room))


def to_keep(values: Float32, room: NDArray[Any]) -> NDArray[Any]:
    """Numbers as a room for keys or values keeps them."""
    if room.dtype != np.int16:
        return values
    # The largest number for larger ones, as compiled code has it.
    finite = np.isfinite(values)
    bounded = np.clip(values, -LARGEST, LARGEST, where=finite, out=values.copy())
    return bounded.astype(np.float16).view(np.int16)


def kept(room: NDArray[Any]) -> Float32:
    """What is kept in a room or a part of one, in float32."""
    if room.dtype != np.int16:
        return room
    return room.view(np.float16).astype(np.float32)


def grown(array: NDArray[Any], length: int, room: int) -> NDArray[Any]:
    """A copy of the first `length` tokens of [layers, heads, tokens, ...] with room."""
    larger = np.zeros((*array.shape[:2], room, *array.shape[3:]), array.dtype)
    larger[:, :, :length] = array[:, :, :length]
    return larger


@dataclass
class Cache:
    """Everything the model remembers of the tokens of one text.

    `ttt` says whether test-time training is on. `state` is replaced or updated as a
    whole, so that an interrupt leaves the cache before or after a call.
    """

    args: ModelArgs
    ttt: bool
    layout: StateLayout
    state: State
    delta_rule: bool = False

    @classmethod
    def empty(
        cls,
        args: ModelArgs,
        ttt: bool,
        delta_rule: bool = False,
        halves: bool = False,
    ) -> Self:
        """A cache before the first token; with `halves` keys are float16."""
        layout = state_layout(args)
        layers = len(layout.kv_layers)
        keys, values = (layers, args.n_kv_head), (layers, layout.value_heads)
        kv = KeysAndValues.empty(keys, values, args.head_dim, halves)
        decay = np.zeros((layers, args.n_head, 0), np.float32)
        fixed = np.zeros(layout.size, np.float32)
        state = State(fixed, kv, decay, np.zeros(1, np.int64))
        return cls(args, ttt and args.use_ttt, layout, state, delta_rule)

    @property
    def offset(self) -> int:
        """Tokens it has read."""
        return int(self.state.offset[0])

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes; copies share keys and values."""
        state = self.state
        held = (state.fixed, state.kv.keys, state.kv.values, state.decay)
        return sum(array.nbytes for array in held) if self.offset else 0

    def copy(self) -> Self:
        """An independent cache; keys and values are shared until they differ."""
        return replace(self, state=self.state.copy())

    def trim(self, count: int) -> None:
        """Not possible: what it has read is in sums. Raises `CacheError`."""
        raise CacheError("A Genesis model's state cannot forget single tokens.")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array held [1, ...] in float32 by name, such as `layers.3.keys`."""
        return {name: kept(array) for name, array in self._views().items()}

    def _views(self) -> dict[str, NDArray[Any]]:
        state, length = self.state, self.offset
        if not length:
            return {}
        arrays = {}
        for name, (start, shape) in self.layout.fixed.items():
            if self.ttt or not name.startswith("ttt."):
                count = int(np.prod(shape))
                arrays[name] = state.fixed[start : start + count].reshape(1, *shape)
        for row, index in enumerate(self.layout.kv_layers):
            prefix = f"layers.{index}"
            arrays[f"{prefix}.keys"] = state.kv.keys[row, None, :, :length]
            arrays[f"{prefix}.values"] = state.kv.values[row, None, :, :length]
            if self.args.use_fox:
                arrays[f"{prefix}.decay"] = state.decay[row, None, :, :length]
        return arrays

    def save(self, path: Path | str) -> None:
        """Write a safetensors file that `restore` of any backend can read.

        The file appears whole or not at all. Raises `OSError`.
        """
        path = Path(path)
        meta = cache_metadata(self.args, self.ttt, self.offset, self.delta_rule)
        arrays = {k: np.ascontiguousarray(v) for k, v in self.arrays().items()}
        try:
            with new_file(path) as file:
                save_file(arrays, file.partial, meta)
        except (OSError, SafetensorError) as error:
            raise OSError(f"The cache could not be written to {path}.") from error

    @classmethod
    def restore(
        cls,
        path: Path | str,
        args: ModelArgs,
        delta_rule: bool = False,
        halves: bool = False,
    ) -> Self:
        """Read what `save` of any backend wrote. Raises `CacheError`."""
        path = Path(path)
        header = read_cache_header(path, args, delta_rule)
        if header.batch != 1:
            raise CacheError(f"{path} holds {header.batch} texts side by side, not 1.")
        cache = cls.empty(args, header.ttt, delta_rule, halves)
        tensors = map_tensors(path) if header.offset else {}
        cache.state = cache.state.with_room(header.offset)
        cache.state.offset[0] = cache.state.kv.used[0] = header.offset
        cache._fill({name: tensor.rows() for name, tensor in tensors.items()})
        return cache

    def _fill(self, values: Mapping[str, Float32]) -> None:
        for name, array in self._views().items():
            array[...] = to_keep(values[name], array)
