"""Names and shapes of a checkpoint's tensors: the parts of a converted model's."""

from collections.abc import Mapping, Sequence

from backends.genesis.args import LayerKind, ModelArgs
from backends.genesis.tensor_shapes import Shape, tensor_shapes

from .names import IN_BLOCKS, TOP, Place

# Rows, or a convolution's channels, of each part of what is joined of several.
Widths = Mapping[str, Sequence[int]]


def source_shapes(args: ModelArgs) -> dict[str, Shape]:
    """Every parameter of a checkpoint with this configuration, buffers left out.

    A tied `lm_head.weight` may stand beside these; it is an alias of `tok_emb.weight`.
    """
    targets = tensor_shapes(args)
    unused = "attn.g_norm" if args.gla_fuse_norm_gate else "attn.g_norm_swish_gate"
    blocks: dict[str, Shape] = {}
    for index, kind in enumerate(args.layer_kinds):
        widths = _widths(args, kind)
        for name, place in IN_BLOCKS[kind].items():
            whole = targets.get(f"blocks.{index}.{place.target}")
            shape = whole and _part(whole, place, widths)
            if shape and name != f"{unused}.weight":
                blocks[f"blocks.{index}.{name}"] = shape
    top = {
        name: targets[place.target]
        for name, place in TOP.items()
        if place.target in targets
    }
    # The embedding stands before the blocks.
    return {"tok_emb.weight": targets["tok_emb.weight"], **blocks, **top}


def _part(whole: Shape, place: Place, widths: Widths) -> Shape | None:
    """The shape of what goes to a place in a whole; None of a part that it lacks."""
    if place.target not in widths:
        return whole
    sizes = widths[place.target]
    if place.part >= len(sizes):
        return None
    if place.transform == "convolution":
        return sizes[place.part], 1, whole[0]
    return sizes[place.part], *whole[1:]


def _widths(args: ModelArgs, kind: LayerKind) -> Widths:
    h, hk, f = args.n_head, args.n_kv_head, args.ffn_width
    if kind == "gla":
        dk, dv = args.gla_key_dim, args.gla_value_dim
        q, k, v = h * dk, hk * dk, hk * dv
        gates, convolved = [h * dv], [q, k, v]
    else:
        q, k = h * args.head_dim, hk * args.head_dim
        v = args.attention_value_heads * args.head_dim
        gates = [] if kind == "fox" and not args.use_fox_pro else [q]
        convolved = [k, v]
    return {
        "attn.in_proj.weight": [q, k, v, *gates],
        "attn.conv.weight": convolved,
        "ffn.in_proj.weight": [f, f],
    }
