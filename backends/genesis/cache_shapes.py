"""The arrays a cache holds, from the configuration alone."""

from .args import LayerKind, ModelArgs
from .constants import FOX_CONV_SIZE

Shape = tuple[int, ...]


def cache_shapes(
    args: ModelArgs, ttt: bool, batch: int, length: int
) -> dict[str, Shape]:
    """Every array of a cache that has read `length` tokens, with its shape.

    Names are those of `Cache.arrays`. A cache that has read nothing holds nothing.
    """
    if length == 0:
        return {}
    parts: dict[LayerKind, dict[str, Shape]] = {
        "gla": _gla(args, batch),
        "fox": _fox(args, batch, length),
        "attention": _attention(args, batch, length),
    }
    shapes = {
        f"layers.{index}.{name}": shape
        for index, kind in enumerate(args.layer_kinds)
        for name, shape in parts[kind].items()
    }
    if ttt and args.use_ttt:
        shapes["ttt.gradient_sum"] = (batch, args.n_embd)
        shapes["ttt.confidence_sum"] = (batch,)
    return shapes


def _gla(args: ModelArgs, batch: int) -> dict[str, Shape]:
    state = (batch, args.n_head, args.gla_key_dim, args.gla_value_dim)
    shapes: dict[str, Shape] = {"state": state}
    if args.gla_use_short_conv:
        shapes["conv"] = (batch, args.gla_conv_size - 1, args.gla_conv_width)
    return shapes


def _fox(args: ModelArgs, batch: int, length: int) -> dict[str, Shape]:
    shapes = _attention(args, batch, length)
    shapes["decay"] = (batch, args.n_head, length)
    if args.use_fox_pro:
        shapes["conv"] = (batch, FOX_CONV_SIZE - 1, args.fox_conv_width)
    return shapes


def _attention(args: ModelArgs, batch: int, length: int) -> dict[str, Shape]:
    return {
        "keys": (batch, args.n_kv_head, length, args.head_dim),
        "values": (batch, args.attention_value_heads, length, args.head_dim),
    }
