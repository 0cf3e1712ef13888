"""What one of mlx-lm's models remembers of a text: its list of caches."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError, safe_open

from ..errors import CacheError
from ..new_file import new_file
from . import library

FORMAT = "mlx-family-cache-1"


class State:
    """The caches of a model's layers after `offset` tokens; see `contract.State`.

    `identity` tells models apart whose states would not fit each other.
    """

    def __init__(self, caches: list[Any], identity: str, offset: int = 0) -> None:
        self.caches, self.identity, self.offset = caches, identity, offset

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes; room not used yet counts."""
        return sum(0 if each.empty() else each.nbytes for each in self.caches)

    @property
    def arrays(self) -> list[Any]:
        """What has to be evaluated for the state to be there."""
        return [each.state for each in self.caches]

    def copy(self) -> Self:
        """An independent state; memory is shared until either is written to.

        A shallow copy would share buffers that mlx-lm writes into.
        """
        return type(self)(copy.deepcopy(self.caches), self.identity, self.offset)

    @property
    def can_trim(self) -> bool:
        """Whether tokens can be taken back as it is: a full window has lost them."""
        return all(each.is_trimmable() for each in self.caches)

    def trim(self, count: int) -> None:
        """Forget the last `count` tokens. Raises `CacheError` where it cannot."""
        if not 0 <= count <= self.offset or not self.can_trim:
            raise CacheError(f"{count} of {self.offset} tokens cannot be taken back.")
        if count:
            for each in self.caches:
                each.trim(count)
        self.offset -= count

    def save(self, path: Path) -> None:
        """Write a file that `restore` reads. Raises `OSError`."""
        meta = {
            "format": FORMAT,
            "identity": self.identity,
            "offset": str(self.offset),
            "classes": json.dumps(class_names(self.caches)),
        }
        caches = [_without_room(each) for each in self.caches]
        try:
            # MLX puts the suffix on by itself where it is missing.
            with new_file(path, ".safetensors") as file:
                library.module("models.cache").save_prompt_cache(
                    str(file.partial), caches, meta
                )
        except (OSError, RuntimeError, ValueError) as error:
            raise OSError(f"The state could not be written to {path}.") from error

    @classmethod
    def restore(cls, path: Path, empty: Self) -> Self:
        """Read what `save` wrote for the model that made `empty`.

        Raises `CacheError` when it is damaged or another model's.
        """
        try:
            with safe_open(str(path), framework="numpy") as file:
                meta = file.metadata() or {}
        except (OSError, SafetensorError) as error:
            raise CacheError(f"{path} is not a readable cache file.") from error
        # mlx-lm puts the caller's own entries under the index 0.
        told = {k.removeprefix("0."): v for k, v in meta.items() if k.startswith("0.")}
        if told.get("format") != FORMAT:
            raise CacheError(f"{path} is not a cache file of this version.")
        names = class_names(empty.caches)
        if told.get("identity") != empty.identity or told["classes"] != (
            json.dumps(names)
        ):
            raise CacheError(f"{path} was written for another model.")
        try:
            caches = library.module("models.cache").load_prompt_cache(str(path))
            offset = int(told["offset"])
        except (RuntimeError, ValueError, KeyError, TypeError, IndexError) as error:
            raise CacheError(f"{path} is a damaged cache file.") from error
        if class_names(caches) != names or offset < 0:
            raise CacheError(f"{path} is a damaged cache file.")
        return cls(caches, empty.identity, offset)


def class_names(caches: Sequence[Any]) -> list[str]:
    """Names of the caches' classes, those inside lists of caches included."""
    names = []
    for each in caches:
        names.append(type(each).__name__)
        names += class_names(getattr(each, "caches", ()))
    return names


def _without_room(cache: Any) -> Any:
    """The cache, without what a `KVCache` holds beyond the tokens it has read."""
    if type(cache).__name__ != "KVCache" or cache.empty():
        return cache
    keys, values = cache.keys_and_values()
    return type(cache).from_state((keys, values, cache.offset))
