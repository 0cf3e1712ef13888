"""The state of a whole conversation."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import mlx.core as mx
from safetensors import SafetensorError, safe_open

from ..args import LayerKind, ModelArgs
from ..errors import CacheError
from .layer import AttentionCache, FoXCache, GLACache, LayerCache, TTTCache
from .shapes import cache_shapes

FORMAT = "genesis-cache-1"
# Sums and states that half precision would spoil.
FLOAT32 = (".state", ".decay", ".gradient_sum", ".confidence_sum")
KINDS: dict[LayerKind, type[LayerCache]] = {
    "gla": GLACache,
    "fox": FoXCache,
    "attention": AttentionCache,
}


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
        layers = [KINDS[kind]() for kind in args.layer_kinds]
        return cls(args, layers, TTTCache() if on else None, delta_rule=delta_rule)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(part.nbytes for part in self._parts().values())

    @property
    def batch(self) -> int | None:
        """B of what it has read, or None before the first token."""
        return next((array.shape[0] for array in self.arrays().values()), None)

    def copy(self) -> Self:
        """An independent cache; memory is shared until either is written to."""
        return replace(
            self,
            layers=[layer.copy() for layer in self.layers],
            ttt=self.ttt.copy() if self.ttt else None,
        )

    def arrays(self) -> dict[str, mx.array]:
        """Every array held, by name, such as `layers.3.keys` or `ttt.gradient_sum`."""
        return {
            f"{prefix}.{name}": array
            for prefix, part in self._parts().items()
            for name, array in part.arrays().items()
        }

    def save(self, path: Path | str) -> None:
        """Write a safetensors file that `restore` can read for the same model.

        The file appears whole or not at all. Raises `OSError`.
        """
        path = Path(path)
        meta = {
            "format": FORMAT,
            "offset": str(self.offset),
            "ttt": json.dumps(self.ttt is not None),
            "delta_rule": json.dumps(self.delta_rule),
            "config": json.dumps(self.args.to_config(), sort_keys=True),
        }
        partial = path.with_name(f".{path.name}.{os.getpid()}.safetensors")
        try:
            # A view's file would hold the buffer behind it.
            arrays = {k: mx.contiguous(v) for k, v in self.arrays().items()}
            mx.save_safetensors(str(partial), arrays, meta)
            os.replace(partial, path)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            raise OSError(f"The cache could not be written to {path}.") from error

    @classmethod
    def restore(
        cls, path: Path | str, args: ModelArgs, delta_rule: bool = False
    ) -> Self:
        """Read what `save` wrote. Raises `CacheError` if it fits another model."""
        path = Path(path)
        try:
            with safe_open(str(path), framework="numpy") as file:
                meta = file.metadata() or {}
                shapes = {n: file.get_slice(n).get_shape() for n in file.keys()}  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError) as error:
            raise CacheError(f"{path} is not a readable cache file.") from error
        if meta.get("format") != FORMAT:
            raise CacheError(f"{path} is not a cache file of this version.")
        try:
            config = json.loads(meta["config"])
            ttt, offset = bool(json.loads(meta["ttt"])), int(meta["offset"])
            delta = bool(json.loads(meta.get("delta_rule", "false")))
        except (KeyError, ValueError, RecursionError) as error:
            raise CacheError(f"{path} is a damaged cache file.") from error
        if config != json.loads(json.dumps(args.to_config())):
            raise CacheError(f"{path} was written for a model of another shape.")
        if delta != delta_rule:
            raise CacheError(
                f"{path} was written {'with' if delta else 'without'} the delta rule."
            )
        _check_shapes(path, args, ttt, offset, shapes)
        cache = cls.empty(args, ttt, delta_rule)
        cache.offset = offset
        arrays = mx.load(str(path), format="safetensors")
        assert isinstance(arrays, dict)
        for name, array in arrays.items():
            wide = name.endswith(FLOAT32)
            if not mx.issubdtype(array.dtype, mx.floating) or (
                wide and array.dtype != mx.float32
            ):
                raise CacheError(
                    f"{path} is a damaged cache file: {name} is {array.dtype}."
                )
        mx.eval(arrays)
        for prefix, part in cache._parts().items():
            start = f"{prefix}."
            part.restore(
                {
                    k.removeprefix(start): v
                    for k, v in arrays.items()
                    if k.startswith(start)
                }
            )
        return cache

    def _parts(self) -> dict[str, LayerCache]:
        parts = {f"layers.{i}": layer for i, layer in enumerate(self.layers)}
        return parts | ({"ttt": self.ttt} if self.ttt else {})


def _check_shapes(
    path: Path, args: ModelArgs, ttt: bool, offset: int, found: dict[str, list[int]]
) -> None:
    batch = next((shape[0] for shape in found.values() if shape), 1)
    expected = cache_shapes(args, ttt, batch, max(offset, 0))
    if offset < 0:
        raise CacheError(f"{path} is a damaged cache file: {offset} tokens.")
    for name in sorted(expected.keys() | found.keys()):
        if tuple(found.get(name, ())) != expected.get(name):
            raise CacheError(
                f"{path} is a damaged cache file: {name} does not fit a cache of "
                f"{offset} tokens."
            )
