"""What a decoder remembers of a text: keys and values."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from ...decoder import DecoderArgs
from ...decoder.state_files import cache_metadata, read_cache_offset
from ...new_file import new_file
from ...stored_tensors import Float32, map_tensors
from ..cache import KeysAndValues, kept, to_keep


@dataclass
class DecoderCache:
    """The keys and values of the tokens of one text.

    `read` [1] is how many there are. Copies share the room `kv` until they differ.
    Both are replaced or updated at the end of a call, so that an interrupt leaves
    the cache before or after it.
    """

    args: DecoderArgs
    kv: KeysAndValues
    read: NDArray[np.int64]

    @classmethod
    def empty(cls, args: DecoderArgs, halves: bool = False) -> Self:
        """A cache before the first token; with `halves` keys are float16."""
        shape = args.num_hidden_layers, args.num_key_value_heads
        kv = KeysAndValues.empty(shape, shape, args.head_dim, halves)
        return cls(args, kv, np.zeros(1, np.int64))

    @property
    def offset(self) -> int:
        """Tokens it has read."""
        return int(self.read[0])

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes; copies share it."""
        return self.kv.keys.nbytes + self.kv.values.nbytes if self.offset else 0

    def copy(self) -> Self:
        """An independent cache; the room is shared until they differ."""
        return replace(self, read=self.read.copy())

    def trim(self, count: int) -> None:
        """Forget the last `count` tokens.

        Raises `ValueError` for less than none or more than have been read.
        """
        if not 0 <= count <= self.offset:
            raise ValueError(f"{count} of {self.offset} tokens cannot be forgotten.")
        self.read = self.read - count

    def make_room(self, tokens: int) -> None:
        """See that `tokens` more can be appended, in a larger copy if need be."""
        self.kv = self.kv.with_room(self.offset, tokens)

    def arrays(self) -> dict[str, Float32]:
        """Every array [Hk, tokens, Dh] in float32 by name, such as `layers.3.keys`."""
        return {name: kept(array) for name, array in self._views().items()}

    def _views(self) -> dict[str, NDArray[Any]]:
        length, kv = self.offset, self.kv
        blocks = range(self.args.num_hidden_layers if length else 0)
        return {
            f"layers.{index}.{name}": array[index, :, :length]
            for index in blocks
            for name, array in (("keys", kv.keys), ("values", kv.values))
        }

    def save(self, path: Path | str) -> None:
        """Write a safetensors file, which appears whole or not. Raises `OSError`."""
        path = Path(path)
        arrays = {k: np.ascontiguousarray(v) for k, v in self.arrays().items()}
        try:
            with new_file(path) as file:
                save_file(arrays, file.partial, cache_metadata(self.args, self.offset))
        except (OSError, SafetensorError) as error:
            raise OSError(f"The cache could not be written to {path}.") from error

    @classmethod
    def restore(cls, path: Path | str, args: DecoderArgs, halves: bool = False) -> Self:
        """Read what `save` wrote for the same model. Raises `CacheError`."""
        path = Path(path)
        offset = read_cache_offset(path, args)
        cache = cls.empty(args, halves)
        cache.make_room(offset)
        cache.read[0] = cache.kv.used[0] = offset
        views = cache._views()
        for name, tensor in map_tensors(path).items() if offset else ():
            views[name][...] = to_keep(tensor.rows(), views[name])
        return cache
