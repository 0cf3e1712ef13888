"""The table and the sizes that tell compiled code what a model is made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..genesis.args import ModelArgs
from . import layout as at
from .layout import Dimensions, StateLayout, WeightLayout


def block_table(
    args: ModelArgs, weights: WeightLayout, state: StateLayout
) -> NDArray[np.int64]:
    """One row per block; columns are named in `layout`."""
    table = np.full((args.n_layer, at.BLOCK_COLUMNS), -1, np.int64)
    for index, kind in enumerate(args.layer_kinds):
        row, block = table[index], f"blocks.{index}"
        row[at.KIND] = at.KINDS[kind]
        row[at.IN_PROJ_ROWS] = weights.matrices[f"{block}.attn.in_proj.weight"].rows
        norm = "omega" if args.use_zero_centered_norm else "weight"
        gate = "gk_proj" if kind == "gla" else "fgate_proj"
        for column, name in (
            (at.NORM, f"attn_norm.{norm}"),
            (at.FFN_NORM, f"ffn_norm.{norm}"),
            (at.TAPS, "attn.conv.weight"),
            (at.GATE, f"attn.{gate}.weight"),
            (at.GATE_BIAS, f"attn.{gate}.bias"),
            (at.RATES, "attn.A_log"),
            (at.TIME_BIAS, "attn.dt_bias"),
            (at.Q_NORM, "attn.q_norm.weight"),
            (at.K_NORM, "attn.k_norm.weight"),
            (at.OUT_NORM, "attn.o_norm.weight"),
            (at.STEP, "attn.b_proj.weight"),
            (at.STEP_BIAS, "attn.b_proj.bias"),
        ):
            row[column] = weights.small.get(f"{block}.{name}", (-1, 0))[0]
        row[at.STATE] = state.fixed.get(f"layers.{index}.state", (-1, ()))[0]
        row[at.CONV_STATE] = state.fixed.get(f"layers.{index}.conv", (-1, ()))[0]
        if index in state.kv_layers:
            row[at.ATTENTION] = state.kv_layers.index(index)
    return table


def dimensions(
    args: ModelArgs, weights: WeightLayout, state: StateLayout, delta_rule: bool
) -> Dimensions:
    """The sizes and constants of a model."""
    embedding = weights.matrices["tok_emb.weight"]
    norm = "omega" if args.use_zero_centered_norm else "weight"
    values: dict[str, Any] = {
        "D": args.n_embd,
        "F": args.ffn_width,
        "V": args.vocab_size,
        "H": args.n_head,
        "Hk": args.n_kv_head,
        "Dk": args.gla_key_dim,
        "Dv": args.gla_value_dim,
        "Dh": args.head_dim,
        "keep": args.ffn_keep,
        "gla_taps": args.gla_conv_size if args.gla_use_short_conv else 0,
        "gla_silu_from": args.gla_qk_width if args.gla_qk_norm == "softmax" else 0,
        "gla_l2": args.gla_qk_norm == "l2",
        "half": args.gla_rotary_width // 2,
        "R": args.ttt_rank,
        "delta_rule": delta_rule,
        "embedding": embedding.start,
        "embedding_factor": embedding.factor,
        "final_norm": weights.small[f"ln_f.{norm}"][0],
        "gradient_sum": state.fixed.get("ttt.gradient_sum", (-1, ()))[0],
        "norm_eps": float(args.norm_eps),
        "normalizer": float(args.gla_gate_logit_normalizer),
        "output_scale": float(args.output_scale),
        "rate_cap": float(args.ttt_inner_lr),
        "strength": float(args.ttt_strength),
    }
    return Dimensions(**values)


def metacognition_table(args: ModelArgs, weights: WeightLayout) -> NDArray[np.int64]:
    """Indices into `small`; columns are named in `layout`. Empty without any."""
    if not args.use_ttt:
        return np.empty(0, np.int64)
    table = np.empty(at.METACOGNITION_COLUMNS, np.int64)
    for column, name in (
        (at.TTT_NORM, "ttt.norm.weight"),
        (at.TTT_NORM_BIAS, "ttt.norm.bias"),
        (at.TTT_W0, "ttt.W0"),
        (at.TTT_A, "ttt.A_init"),
        (at.TTT_B, "ttt.B_init"),
        (at.TTT_RATE, "ttt.log_lr"),
        (at.TTT_LAYER_SCALE, "ttt.layer_scale"),
        (at.TTT_OUTPUT_GATE, "ttt.output_gate.weight"),
        (at.TTT_OUT_PROJ, "ttt.out_proj.weight"),
        (at.SELF_MODEL, "self_model.weight"),
        (at.CONFIDENCE_IN, "confidence_in.weight"),
        (at.CONFIDENCE_IN_BIAS, "confidence_in.bias"),
        (at.CONFIDENCE_OUT, "confidence_out.weight"),
        (at.CONFIDENCE_OUT_BIAS, "confidence_out.bias"),
    ):
        table[column] = weights.small[f"metacognition.{name}"][0]
    return table
