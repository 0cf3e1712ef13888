"""Where each weight and each part of the state lies in flat arrays.

Compiled code gets three flat arrays instead of a tree of small ones: `matrices` holds
what is large and may be in codes, `small` everything else, and the cache's `fixed`
array every state whose size does not grow.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..genesis.args import ModelArgs
from ..genesis.constants import FOX_CONV_SIZE
from ..genesis.tensor_shapes import quantizable, tensor_shapes
from .groups import Bits
from .matrix_layout import Place, lay_out

# Columns of the table of blocks; each entry is an index into `matrices`, `small` or
# `fixed`, or -1 for what the block does not have.
(
    KIND,
    NORM,
    IN_PROJ_ROWS,
    FFN_NORM,
    TAPS,
    GATE,
    GATE_BIAS,
    RATES,
    TIME_BIAS,
    Q_NORM,
    K_NORM,
    OUT_NORM,
    STATE,
    CONV_STATE,
    ATTENTION,
    STEP,
    STEP_BIAS,
    BLOCK_COLUMNS,
) = range(18)
# Columns of the table of metacognition, indices into `small`.
(
    TTT_NORM,
    TTT_NORM_BIAS,
    TTT_W0,
    TTT_A,
    TTT_B,
    TTT_RATE,
    TTT_LAYER_SCALE,
    TTT_OUTPUT_GATE,
    TTT_OUT_PROJ,
    SELF_MODEL,
    CONFIDENCE_IN,
    CONFIDENCE_IN_BIAS,
    CONFIDENCE_OUT,
    CONFIDENCE_OUT_BIAS,
    METACOGNITION_COLUMNS,
) = range(15)
GLA, FOX, GATED = 0, 1, 2
KINDS = {"gla": GLA, "fox": FOX, "attention": GATED}
# Weights the reference has and never generates with.
UNUSED = (
    "reflection.weight",
    "ttt.q_proj.weight",
    "ttt.k_proj.weight",
    "ttt.v_proj.weight",
)


class Dimensions(NamedTuple):
    """Sizes and constants every kernel call of a model shares.

    Capitals are the project's alphabet. `embedding` is an index into `matrices`,
    `embedding_factor` into the factors of codes, `gradient_sum` into `fixed`,
    `final_norm` into `small`.
    """

    D: int
    F: int
    V: int
    H: int
    Hk: int
    Dk: int
    Dv: int
    Dh: int
    keep: int
    gla_taps: int
    gla_silu_from: int
    gla_l2: bool
    half: int
    R: int
    delta_rule: bool
    embedding: int
    embedding_factor: int
    final_norm: int
    gradient_sum: int
    norm_eps: float
    normalizer: float
    output_scale: float
    rate_cap: float
    strength: float


@dataclass(frozen=True)
class StateLayout:
    """Parts of the flat state: (first index, shape) by the cache's names.

    `kv_layers` lists the blocks that attend; `value_heads` is 0 without any.
    """

    fixed: dict[str, tuple[int, tuple[int, ...]]]
    size: int
    kv_layers: tuple[int, ...]
    value_heads: int


def state_layout(args: ModelArgs) -> StateLayout:
    """The layout of a model's cache. Test-time training's part is the last."""
    h, dk, dv = args.n_head, args.gla_key_dim, args.gla_value_dim
    fixed: dict[str, tuple[int, tuple[int, ...]]] = {}
    size = 0

    def add(name: str, *shape: int) -> None:
        nonlocal size
        fixed[name] = (size, shape)
        count = 1
        for length in shape:
            count *= length
        size += count

    for index, kind in enumerate(args.layer_kinds):
        if kind == "gla":
            add(f"layers.{index}.state", h, dk, dv)
            if args.gla_use_short_conv:
                add(f"layers.{index}.conv", args.gla_conv_size - 1, args.gla_conv_width)
        elif kind == "fox" and args.use_fox_pro:
            add(f"layers.{index}.conv", FOX_CONV_SIZE - 1, args.fox_conv_width)
    if args.use_ttt:
        add("ttt.gradient_sum", args.n_embd)
        add("ttt.confidence_sum")
    attending = tuple(i for i, kind in enumerate(args.layer_kinds) if kind != "gla")
    value_heads = args.attention_value_heads if attending else 0
    return StateLayout(fixed, size, attending, value_heads)


@dataclass(frozen=True)
class WeightLayout:
    """Index of every weight: large matrices, then everything else, in `small`.

    `matrices_size` is in numbers of float32 or bytes of codes; `factors_size` how many
    scales there are.
    """

    matrices: dict[str, Place]
    matrices_size: int
    factors_size: int
    small: dict[str, tuple[int, int]]
    small_size: int


def weight_layout(args: ModelArgs, bits: Bits | None) -> WeightLayout:
    """The layout of a model's weights, in the order a token passes them.

    `bits` are those of a code, None for float32.
    """
    shapes: dict[str, tuple[int, int]] = {}
    small, small_size = {}, 0
    for name, shape in tensor_shapes(args).items():
        if quantizable(name):
            shapes[name] = (shape[0], shape[1])
        elif not name.endswith(UNUSED):
            count = math.prod(shape)
            small[name] = (small_size, count)
            small_size += count
    places, size, factors = lay_out(shapes.values(), bits)
    matrices = dict(zip(shapes, places, strict=True))
    return WeightLayout(matrices, size, factors, small, small_size)


def head_name(args: ModelArgs) -> str:
    """The matrix that logits are made with."""
    return "tok_emb.weight" if args.tie_word_embeddings else "lm_head.weight"


def product_places(args: ModelArgs, layout: WeightLayout) -> list[Place]:
    """The matrices of a token's products in their order."""
    names = [
        f"blocks.{index}.{name}.weight"
        for index in range(args.n_layer)
        for name in ("attn.in_proj", "attn.o_proj", "ffn.in_proj", "ffn.down_proj")
    ]
    return [layout.matrices[name] for name in (*names, head_name(args))]
