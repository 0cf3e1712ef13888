"""How the kernels of the mixers are used: for one token, and for prompts."""

from typing import NamedTuple

import mlx.core as mx

from ...genesis.args import ModelArgs
from ...genesis.constants import FOX_NORM_EPS, GLA_NORM_EPS
from ...mlx_base.self_check import Cases
from ..ops.forgetting_attention import (
    blocked_forgetting_attention,
    fits_forgetting_attention,
    metal_forgetting_attention,
    naive_forgetting_attention,
)
from ..ops.fox_decode import fits_fox_decode, metal_fox_decode, naive_fox_decode
from ..ops.fox_prepare import fits_fox_prepare, metal_fox_prepare, naive_fox_prepare
from ..ops.gated_delta_rule import (
    chunked_gated_delta_rule,
    metal_gated_delta_rule,
    naive_gated_delta_rule,
)
from ..ops.gated_linear_attention import chunked_gla, fits_gla, metal_gla, naive_gla
from ..ops.gated_norm import metal_gated_norm, naive_gated_norm
from ..ops.gla_decode import fits_gla_decode, metal_gla_decode, naive_gla_decode
from ..ops.gla_prepare import fits_gla_prepare, metal_gla_prepare, naive_gla_prepare
from .draw import Draw

# Elements of the smallest input that MLX passes as the larger ones.
SMALLEST = 8


class Sizes(NamedTuple):
    """Tokens of a prompt, keys before a token, many keys before one, and scores."""

    prompt: int
    seen: int
    many: int
    scores: int = 1000


def lengths(args: ModelArgs, sizes: Sizes, one: bool) -> dict[str, int]:
    """Lengths of prompts, and those so short that MLX passes an input in another way.

    That is another kernel to build; only models with few heads have any. `one` is
    whether a single token is read as a prompt.
    """
    small = (args.n_head, args.gla_rotary_width // 2)
    few = range(1 if one else 2, SMALLEST)
    ways = {tuple(n * size < SMALLEST for size in small): n for n in few}
    found = {f" of {n} tokens": n for way, n in ways.items() if any(way)}
    return {"": sizes.prompt, **found}


def _usual(args: ModelArgs) -> bool:
    return args.gla_use_short_conv and args.gla_qk_norm == "l2"


def decodes(args: ModelArgs) -> bool:
    """Whether one kernel decodes a token of gated linear attention."""
    return _usual(args) and fits_gla_decode(args.gla_key_dim, args.gla_value_dim)


def gla_token(found: Cases, draw: Draw, delta_rule: bool) -> None:
    """Decoding a token of gated linear attention, or a token of several texts.

    That is another kernel to build where the positions of one are a small input.
    """
    half, rule = draw.args.gla_rotary_width // 2, " with delta rule" * delta_rule
    for count in sorted({1, -(-SMALLEST // half) if half else 1}):
        texts = range(count)
        found.use(
            f"gla_decode{rule}" + (f" of {count} texts" if count > 1 else ""),
            (
                mx.concatenate([draw.gla_projection(1) for _ in texts]),
                draw(count, 1, draw.args.n_embd),
                mx.concatenate([draw.gla_conv() for _ in texts]),
                mx.concatenate([draw.gla_state() for _ in texts]),
                draw.gla_rotary(1) if count == 1 else draw.gla_rotary_of_texts(count),
                draw.gla_weights(delta_rule),
            ),
            metal_gla_decode,
            naive_gla_decode,
        )


def gla_prompt(
    found: Cases, draw: Draw, delta_rule: bool, use: str, length: int
) -> None:
    """A prompt of gated linear attention, before, in and after the recurrence."""
    args, projection = draw.args, draw.gla_projection(length)
    h, hk = args.n_head, args.n_kv_head
    dk, dv = args.gla_key_dim, args.gla_value_dim
    if _usual(args) and fits_gla_prepare(args.gla_conv_width, h):
        gate, conv = draw(1, length, h), draw.gla_conv()
        rotary = draw.gla_rotary(length)
        found.use(
            f"gla_prepare{use}",
            (projection, gate, conv, rotary, draw.gla_taps()),
            metal_gla_prepare,
            naive_gla_prepare,
        )
    q, k = (draw(1, length, n, dk) * dk**-0.5 for n in (h, hk))
    v, gates = draw(1, length, hk, dv), draw.gates(1, length, h)
    if delta_rule:
        beta = mx.sigmoid(draw.wide(1, length, h))
        found.use(
            f"delta_scan{use}",
            (q, k, v, gates, beta, draw.gla_state()),
            metal_gated_delta_rule,
            naive_gated_delta_rule,
            chunked_gated_delta_rule,
        )
    elif fits_gla(dk):
        found.use(
            f"gla_chunks{use}",
            (q, k, v, gates, draw.gla_state()),
            metal_gla,
            naive_gla,
            chunked_gla,
        )
    found.use(
        f"gated_norm{use}",
        (draw.wide(1, length, h, dv), projection, draw(dv), GLA_NORM_EPS),
        metal_gated_norm,
        naive_gated_norm,
    )


def fox_token(found: Cases, draw: Draw, sizes: Sizes) -> None:
    """Decoding a token of forgetting attention, after some keys and after many."""
    args = draw.args
    if args.use_fox_pro and fits_fox_decode(args.head_dim):
        token = draw.fox_projection(1), draw(1, 1, args.n_embd), draw.fox_conv()
        for name, keys in (("fox_decode", sizes.seen), ("fox_join", sizes.many)):
            found.use(
                name,
                (*token, draw.fox_past(keys), draw.fox_weights()),
                metal_fox_decode,
                naive_fox_decode,
            )


def fox_prompt(found: Cases, draw: Draw, use: str, length: int, seen: int) -> None:
    """A prompt of forgetting attention after `seen` keys."""
    args = draw.args
    h, hk, dh = args.n_head, args.n_kv_head, args.head_dim
    projection = draw.fox_projection(length)
    if args.use_fox_pro and fits_fox_prepare(args.fox_conv_width, h):
        found.use(
            f"fox_prepare{use}",
            (projection, draw(1, length, h), draw.fox_conv(), draw.fox_taps()),
            metal_fox_prepare,
            naive_fox_prepare,
        )
    if fits_forgetting_attention(dh, dh):
        # As they are kept: heads first.
        k, v = (draw(1, n, seen + length, dh).swapaxes(1, 2) for n in (hk, h))
        gates, decay = draw.gates(1, length, h), draw.gates(1, h, seen)
        found.use(
            f"fox_blocks{use}",
            (draw(1, length, h, dh), k, v, gates, decay),
            metal_forgetting_attention,
            naive_forgetting_attention,
            blocked_forgetting_attention,
        )
    if args.use_fox_pro:
        found.use(
            f"gated_norm of forgetting attention{use}",
            (draw.wide(1, length, h, dh), projection, draw(dh), FOX_NORM_EPS),
            metal_gated_norm,
            naive_gated_norm,
        )
