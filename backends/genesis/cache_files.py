"""The file a cache is kept in, the same for every backend."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import CacheError
from .args import ModelArgs
from .cache_shapes import cache_shapes

FORMAT = "genesis-cache-1"
DTYPES = ("F32", "F16", "BF16")
# Sums and states that half precision would spoil.
FLOAT32 = (".state", ".decay", ".gradient_sum", ".confidence_sum")


@dataclass(frozen=True)
class CacheHeader:
    """What a cache file holds: `offset` tokens read, `ttt` or not, `batch` texts."""

    ttt: bool
    offset: int
    batch: int


def cache_metadata(
    args: ModelArgs, ttt: bool, offset: int, delta_rule: bool = False
) -> dict[str, str]:
    """The metadata of a cache file."""
    return {
        "format": FORMAT,
        "offset": str(offset),
        "ttt": json.dumps(ttt),
        "delta_rule": json.dumps(delta_rule),
        "config": json.dumps(args.to_config(), sort_keys=True),
    }


def read_cache_header(
    path: Path, args: ModelArgs, delta_rule: bool = False
) -> CacheHeader:
    """Check a cache file's every name, shape and dtype.

    Raises `CacheError` if it is damaged or fits another model.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            meta = file.metadata() or {}
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            shapes = {name: tuple(s.get_shape()) for name, s in slices.items()}
            dtypes = {name: s.get_dtype() for name, s in slices.items()}
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
    if offset < 0:
        raise CacheError(f"{path} is a damaged cache file: {offset} tokens.")
    batch = next((shape[0] for shape in shapes.values() if shape), 1)
    expected = cache_shapes(args, ttt, batch, offset)
    for name in sorted(expected.keys() | shapes.keys()):
        if shapes.get(name, ()) != expected.get(name):
            raise CacheError(
                f"{path} is a damaged cache file: {name} does not fit a cache of "
                f"{offset} tokens."
            )
    for name, dtype in dtypes.items():
        if dtype not in (("F32",) if name.endswith(FLOAT32) else DTYPES):
            raise CacheError(f"{path} is a damaged cache file: {name} is {dtype}.")
    return CacheHeader(ttt, offset, batch)
