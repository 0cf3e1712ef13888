"""The file that a decoder's keys and values are kept in."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import CacheError
from .args import DecoderArgs

FORMAT = "decoder-cache-1"


def cache_metadata(args: DecoderArgs, offset: int) -> dict[str, str]:
    """The metadata of a file with the state after `offset` tokens."""
    config = json.dumps(args.to_config(), sort_keys=True)
    return {"format": FORMAT, "offset": str(offset), "config": config}


def read_cache_offset(path: Path, args: DecoderArgs) -> int:
    """The tokens that a file's state has read, every name and shape checked.

    Raises `CacheError` if it is damaged or fits another model.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            meta = file.metadata() or {}
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            found = {
                n: (tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()
            }
    except (OSError, SafetensorError) as error:
        raise CacheError(f"{path} is not a readable cache file.") from error
    if meta.get("format") != FORMAT:
        raise CacheError(f"{path} is not a cache file of this version.")
    try:
        config, offset = json.loads(meta["config"]), int(meta["offset"])
    except (KeyError, ValueError, RecursionError) as error:
        raise CacheError(f"{path} is a damaged cache file.") from error
    if config != json.loads(json.dumps(args.to_config())):
        raise CacheError(f"{path} was written for a model of another shape.")
    shape = (args.num_key_value_heads, offset, args.head_dim)
    expected = {name: (shape, "F32") for name in cache_names(args, offset)}
    for name in sorted(expected.keys() | found.keys()):
        if offset < 0 or found.get(name) != expected.get(name):
            raise CacheError(
                f"{path} is a damaged cache file: {name} does not fit a cache of "
                f"{offset} tokens."
            )
    return offset


def cache_names(args: DecoderArgs, offset: int) -> list[str]:
    """The arrays [Hk, tokens, Dh] of a state; one that has read nothing has none."""
    blocks = range(args.num_hidden_layers if offset else 0)
    return [f"layers.{i}.{part}" for i in blocks for part in ("keys", "values")]
