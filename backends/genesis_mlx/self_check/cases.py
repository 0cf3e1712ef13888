"""What every kernel is tried with: how a model uses it, in its shapes and dtype."""

import mlx.core as mx

from ...genesis.args import ModelArgs
from ...mlx_base.self_check import Cases, drawing_cases
from ..ops import selective_activation
from ..ops.add_rms_norm import metal_add_rms_norm, naive_add_rms_norm
from ..ops.confidence_mix import metal_confidence_mix, naive_confidence_mix
from ..ops.fox_decode import SPLIT_FROM
from ..ops.selective_swiglu import (
    fits_selective_swiglu,
    metal_selective_swiglu,
    naive_selective_swiglu,
)
from ..ops.test_time_training import (
    metal_test_time_training,
    naive_test_time_training,
    parallel_test_time_training,
)
from .draw import Draw
from .mixers import (
    Sizes,
    decodes,
    fox_prompt,
    fox_token,
    gla_prompt,
    gla_token,
    lengths,
)

# One token more than a block of any kernel; some keys in blocks and some in the tail.
SMALL = Sizes(65, 104, SPLIT_FROM + 40)


def cases(
    args: ModelArgs,
    dtype: mx.Dtype,
    delta_rule: bool | None = None,
    sizes: Sizes = SMALL,
) -> Cases:
    """Every use of a kernel by a model; None is one with the delta rule and without."""
    draw, found = Draw(args, dtype), Cases()
    _around_mixers(found, draw)
    rules = (False, True) if delta_rule is None else (delta_rule,)
    for rule in rules if "gla" in args.layer_kinds else ():
        if decodes(args):
            gla_token(found, draw, rule)
        for use, length in lengths(args, sizes, not decodes(args)).items():
            gla_prompt(found, draw, rule, use, length)
    if "fox" in args.layer_kinds:
        fox_token(found, draw, sizes)
        for use, length in lengths(args, sizes, False).items():
            fox_prompt(found, draw, use, length, sizes.seen)
    if args.use_ttt:
        _metacognition(found, draw, sizes)
    found.update(drawing_cases(args.vocab_size, sizes.scores))
    return found


def _around_mixers(found: Cases, draw: Draw) -> None:
    args, width = draw.args, draw.args.n_embd
    offset = int(args.use_zero_centered_norm)
    inputs = (draw(1, 1, width), draw(1, 1, width), draw(width), args.norm_eps, offset)
    found.use("add_rms_norm", inputs, metal_add_rms_norm, naive_add_rms_norm)
    if fits_selective_swiglu(args.ffn_width):
        found.use(
            "selective_swiglu",
            (draw(1, 1, 2 * args.ffn_width), args.ffn_keep),
            metal_selective_swiglu,
            naive_selective_swiglu,
            _selective_swiglu,
        )


def _metacognition(found: Cases, draw: Draw, sizes: Sizes) -> None:
    width = draw.args.n_embd
    offset = mx.array([3], mx.int32)
    for use, length in (("", sizes.prompt), (" of one token", 1)):
        x, adapted, expected = (draw(1, length, width) for _ in range(3))
        found.use(
            f"confidence_mix{use}",
            (x, adapted, expected, draw(1, length), mx.ones((1,)), offset, 0.2),
            metal_confidence_mix,
            naive_confidence_mix,
        )
    found.use(
        "ttt_scan",
        (
            *(draw(1, sizes.prompt, width) for _ in range(2)),
            draw.wide(width),
            draw.wide(1, width),
            offset,
        ),
        metal_test_time_training,
        naive_test_time_training,
        parallel_test_time_training,
    )


def _selective_swiglu(proj: mx.array, keep: int) -> mx.array:
    gate, up = mx.split(proj, 2, axis=-1)
    return selective_activation(gate * mx.sigmoid(gate) * up, keep)
