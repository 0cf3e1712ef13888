"""The state of a whole conversation."""

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import mlx.core as mx

from ...errors import CacheError
from ...genesis.args import ModelArgs
from ...genesis.cache_files import cache_metadata, read_cache_header
from ...new_file import new_file
from .arrays import Arrays
from .layer import IN_DTYPE, LayerCache, TTTCache, empty_layer


@dataclass
class Cache:
    """Everything the model remembers of the tokens it has read.

    `offset` counts those tokens. `ttt` is None when test-time training is off.
    `delta_rule` tells how its gated linear attention states came to be.
    """

    args: ModelArgs
    layers: list[LayerCache]
    ttt: TTTCache | None
    offset: int = 0
    delta_rule: bool = False

    @classmethod
    def empty(cls, args: ModelArgs, ttt: bool, delta_rule: bool = False) -> Self:
        """A cache before the first token."""
        on = ttt and args.use_ttt
        layers = [empty_layer(kind) for kind in args.layer_kinds]
        return cls(args, layers, TTTCache() if on else None, delta_rule=delta_rule)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(part.nbytes for part in self._parts().values())

    @property
    def batch(self) -> int | None:
        """B of what it has read, or None before the first token."""
        return next((array.shape[0] for array in self.held().values()), None)

    def copy(self) -> Self:
        """An independent cache; memory is shared until either is written to."""
        return replace(
            self,
            layers=[layer.copy() for layer in self.layers],
            ttt=self.ttt.copy() if self.ttt else None,
        )

    def advance(self, count: int) -> None:
        """So many tokens more have been read."""
        self.offset += count
        for layer in self.layers:
            layer.advance(self.offset)

    def become(self, other: Self) -> None:
        """Hold what another cache of the same model holds."""
        same = other.copy()
        self.layers, self.ttt, self.offset = same.layers, same.ttt, same.offset

    def trim(self, count: int) -> None:
        """Not possible: what it has read is in sums. Raises `CacheError`."""
        raise CacheError("A Genesis model's state cannot forget single tokens.")

    def arrays(self) -> dict[str, mx.array]:
        """Every array held, by name, such as `layers.3.keys` or `ttt.gradient_sum`."""
        return {
            f"{prefix}.{name}": array
            for prefix, part in self._parts().items()
            for name, array in part.arrays().items()
        }

    def held(self) -> dict[str, mx.array]:
        """The arrays in memory, by names like those of `arrays`, for evaluating."""
        return {
            f"{prefix}.{name}": array
            for prefix, part in self._parts().items()
            for name, array in part.held().items()
        }

    def hold(self, arrays: dict[str, mx.array]) -> None:
        """Take the arrays of another cache's `held`; `advance` counts its tokens."""
        own = _by_part(arrays)
        for prefix, part in self._parts().items():
            part.hold(own[prefix])

    def save(self, path: Path | str) -> None:
        """Write a safetensors file that `restore` can read for the same model.

        The file appears whole or not at all. Raises `OSError`.
        """
        path = Path(path)
        meta = cache_metadata(
            self.args, self.ttt is not None, self.offset, self.delta_rule
        )
        try:
            # A view's file would hold the buffer behind it.
            arrays = {k: mx.contiguous(v) for k, v in self.arrays().items()}
            # MLX adds this to names that end otherwise.
            with new_file(path, ".safetensors") as file:
                mx.save_safetensors(str(file.partial), arrays, meta)
        except (OSError, RuntimeError) as error:
            raise OSError(f"The cache could not be written to {path}.") from error

    @classmethod
    def restore(
        cls,
        path: Path | str,
        args: ModelArgs,
        delta_rule: bool = False,
        dtype: mx.Dtype = mx.float32,
    ) -> Self:
        """Read what `save` wrote, for a model that computes in `dtype`.

        Raises `CacheError` if it fits another model.
        """
        path = Path(path)
        header = read_cache_header(path, args, delta_rule)
        cache = cls.empty(args, header.ttt, delta_rule)
        arrays = mx.load(str(path), format="safetensors")
        assert isinstance(arrays, dict)
        for name, array in arrays.items():
            if name.endswith(IN_DTYPE):
                arrays[name] = array.astype(dtype)
        mx.eval(arrays)
        cache.restore_arrays(arrays, header.offset)
        return cache

    def restore_arrays(self, arrays: dict[str, mx.array], offset: int) -> None:
        """Hold what `arrays` gave when `offset` tokens had been read."""
        self.offset = offset
        own = _by_part(arrays)
        for prefix, part in self._parts().items():
            part.restore(own[prefix])

    def _parts(self) -> dict[str, LayerCache]:
        parts = {f"layers.{i}": layer for i, layer in enumerate(self.layers)}
        return parts | ({"ttt": self.ttt} if self.ttt else {})


def _by_part(arrays: Arrays) -> defaultdict[str, Arrays]:
    """Arrays of each part, by their names in it."""
    found: defaultdict[str, Arrays] = defaultdict(dict)
    for name, array in arrays.items():
        prefix, _, field = name.rpartition(".")
        found[prefix][field] = array
    return found
