"""Where each weight and each part of the state lies in flat arrays.

Compiled code gets three flat arrays instead of a tree of small ones: `matrices` holds
what is large and may be int8, `small` everything else, and the cache's `fixed` array
every state whose size does not grow.
"""

from dataclasses import dataclass
from typing import NamedTuple

from ..genesis.args import ModelArgs
from ..genesis.constants import FOX_CONV_SIZE
from ..genesis.tensor_shapes import quantizable, tensor_shapes

# Columns of the table of blocks; each entry is an index into `matrices`, `small` or
# `fixed`, or -1 for what the block does not have.
(
    KIND,
    NORM,
    IN_PROJ,
    IN_PROJ_SCALE,
    IN_PROJ_ROWS,
    O_PROJ,
    O_PROJ_SCALE,
    FFN_NORM,
    FFN_IN_PROJ,
    FFN_IN_PROJ_SCALE,
    DOWN_PROJ,
    DOWN_PROJ_SCALE,
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
) = range(26)
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

    Capitals are the project's alphabet. `head` and `embedding` are indices into
    `matrices`, `gradient_sum` into `fixed`, the other three into `small`.
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
    scaled: bool
    delta_rule: bool
    head: int
    head_scale: int
    embedding: int
    embedding_scale: int
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

    `scales` are indices into `small` of each matrix's factors per row, which only
    int8 has.
    """

    matrices: dict[str, tuple[int, int, int]]
    matrices_size: int
    scales: dict[str, int]
    small: dict[str, tuple[int, int]]
    small_size: int


def weight_layout(args: ModelArgs, scaled: bool) -> WeightLayout:
    """The layout of a model's weights, in the order a token passes them."""
    matrices, scales, small = {}, {}, {}
    large_size = small_size = 0
    for name, shape in tensor_shapes(args).items():
        count = 1
        for length in shape:
            count *= length
        if quantizable(name):
            matrices[name] = (large_size, shape[0], shape[1])
            large_size += count
            if scaled:
                scales[name] = small_size
                small_size += shape[0]
        elif not name.endswith(UNUSED):
            small[name] = (small_size, count)
            small_size += count
    return WeightLayout(matrices, large_size, scales, small, small_size)
