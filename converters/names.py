"""The name table: where each tensor of a checkpoint goes in a converted model."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from backends.genesis.args import LayerKind
from backends.wrapped_names import HOLDERS, without_wrappers

T = TypeVar("T")

# "keep" leaves the array as it is; "convolution" turns [C, 1, W] into [W, C].
Transform = Literal["keep", "convolution"]


@dataclass(frozen=True)
class Place:
    """A target tensor, this part's position in it, and what is done to the part.

    Parts are concatenated in order: "keep" along rows, "convolution" on channels.
    """

    target: str
    part: int = 0
    transform: Transform = "keep"


def _kept(*names: str) -> dict[str, Place]:
    return {name: Place(name) for name in names}


# First weights are drawn in the order of these tables.
TOP = {
    **_kept(
        "tok_emb.weight",
        "metacognition.self_model.weight",
        "metacognition.reflection.weight",
    ),
    "metacognition.confidence.0.weight": Place("metacognition.confidence_in.weight"),
    "metacognition.confidence.0.bias": Place("metacognition.confidence_in.bias"),
    "metacognition.confidence.2.weight": Place("metacognition.confidence_out.weight"),
    "metacognition.confidence.2.bias": Place("metacognition.confidence_out.bias"),
    **_kept(
        "metacognition.ttt.W0",
        "metacognition.ttt.A_init",
        "metacognition.ttt.B_init",
        "metacognition.ttt.log_lr",
    ),
    "metacognition.ttt.layer_scale.scale": Place("metacognition.ttt.layer_scale"),
    **_kept(
        "metacognition.ttt.norm.weight",
        "metacognition.ttt.norm.bias",
        "metacognition.ttt.q_proj.weight",
        "metacognition.ttt.k_proj.weight",
        "metacognition.ttt.v_proj.weight",
        "metacognition.ttt.out_proj.weight",
        "metacognition.ttt.output_gate.weight",
        "ln_f.omega",
        "ln_f.weight",
        "lm_head.weight",
    ),
}

_INPUTS = {
    "attn.q_proj.weight": Place("attn.in_proj.weight", 0),
    "attn.k_proj.weight": Place("attn.in_proj.weight", 1),
    "attn.v_proj.weight": Place("attn.in_proj.weight", 2),
}
_MIXERS: dict[LayerKind, dict[str, Place]] = {
    "gla": {
        **_INPUTS,
        "attn.g_proj.weight": Place("attn.in_proj.weight", 3),
        **_kept(
            "attn.o_proj.weight",
            "attn.gk_proj.weight",
            "attn.b_proj.weight",
            "attn.b_proj.bias",
            "attn.A_log",
            "attn.dt_bias",
            "attn.gk_proj.bias",
        ),
        "attn.conv_q.conv.weight": Place("attn.conv.weight", 0, "convolution"),
        "attn.conv_k.conv.weight": Place("attn.conv.weight", 1, "convolution"),
        "attn.conv_v.conv.weight": Place("attn.conv.weight", 2, "convolution"),
        **_kept("attn.q_norm.weight", "attn.k_norm.weight"),
        # With the gate's activation in it, or without.
        "attn.g_norm_swish_gate.weight": Place("attn.o_norm.weight"),
        "attn.g_norm.weight": Place("attn.o_norm.weight"),
    },
    "fox": {
        **_INPUTS,
        **_kept("attn.o_proj.weight", "attn.fgate_proj.weight", "attn.fgate_proj.bias"),
        "attn.ogate_proj.weight": Place("attn.in_proj.weight", 3),
        "attn.output_norm.weight": Place("attn.o_norm.weight"),
        **_kept("attn.q_norm.weight", "attn.k_norm.weight"),
        "attn.k_conv.conv.weight": Place("attn.conv.weight", 0, "convolution"),
        "attn.v_conv.conv.weight": Place("attn.conv.weight", 1, "convolution"),
    },
    "attention": {
        **_INPUTS,
        "attn.g_proj.weight": Place("attn.in_proj.weight", 3),
        **_kept("attn.o_proj.weight"),
    },
}
# By the block's mixer, without what stands before a block's names.
IN_BLOCKS: dict[LayerKind, dict[str, Place]] = {
    kind: {
        **_kept("attn_norm.omega", "attn_norm.weight"),
        **mixer,
        **_kept("ffn_norm.omega", "ffn_norm.weight"),
        "ffn.gate_proj.weight": Place("ffn.in_proj.weight", 0),
        "ffn.up_proj.weight": Place("ffn.in_proj.weight", 1),
        **_kept("ffn.down_proj.weight"),
    }
    for kind, mixer in _MIXERS.items()
}
_IN_ANY_BLOCK = {
    name: spot for table in IN_BLOCKS.values() for name, spot in table.items()
}

_BLOCK = re.compile(r"blocks\.(0|[1-9][0-9]{0,3})\.(.+)", re.ASCII)
_BUFFER = re.compile(
    r"(.+\.)?(inv_freq|[^.]*_cached)|metacognition\.evolution_[^.]+", re.ASCII
)


def place(name: str) -> Place | None:
    """Where the checkpoint's tensor of this name goes; None if nobody knows it."""
    if name in TOP:
        return TOP[name]
    match = _BLOCK.fullmatch(name)
    found = _IN_ANY_BLOCK.get(match[2]) if match else None
    if match is None or found is None:
        return None
    return Place(f"blocks.{match[1]}.{found.target}", found.part, found.transform)


def plain_names(tensors: Mapping[str, T]) -> Mapping[str, T]:
    """The tensors under the names they have without what training tools put before.

    A name that nobody knows even so stays as it is. Where two tensors would have one
    name, as with those of `model.` and their average in `ema.`, of what holds a model
    only `model.` is taken away; all names stay where that does not help.
    """
    for holders in (HOLDERS, {"model"}):
        found = {_plain(name, holders): tensor for name, tensor in tensors.items()}
        if len(found) == len(tensors):
            return found
    return tensors


def _plain(name: str, holders: Collection[str]) -> str:
    if _is_known(name):
        return name
    plain = without_wrappers(name)
    while not _is_known(plain):
        holder, dot, rest = plain.partition(".")
        if not dot or holder not in holders:
            return name
        plain = rest
    return plain


def _is_known(name: str) -> bool:
    return place(name) is not None or is_buffer(name)


def block_index(name: str) -> int | None:
    """The block a checkpoint's tensor belongs to, None outside the blocks."""
    match = _BLOCK.fullmatch(name)
    return int(match[1]) if match else None


def is_buffer(name: str) -> bool:
    """Whether the name is a table the reference saves and can recompute."""
    return _BUFFER.fullmatch(name) is not None
