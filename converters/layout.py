"""Names and shapes of a checkpoint's tensors, as the reference saves them."""

from backends.genesis.args import ModelArgs
from backends.genesis.constants import FOX_CONV_SIZE

Shape = tuple[int, ...]


def source_shapes(args: ModelArgs) -> dict[str, Shape]:
    """Every parameter of a checkpoint with this configuration, buffers left out.

    A tied `lm_head.weight` may stand beside these; it is an alias of
    `tok_emb.weight`.
    """
    d, f = args.n_embd, args.ffn_width
    norm = "omega" if args.use_zero_centered_norm else "weight"
    shapes: dict[str, Shape] = {"tok_emb.weight": (args.vocab_size, d)}
    for index, kind in enumerate(args.layer_kinds):
        block = f"blocks.{index}"
        mixer = {"gla": _gla, "fox": _fox, "attention": _attention}[kind]
        shapes[f"{block}.attn_norm.{norm}"] = (d,)
        shapes |= {f"{block}.attn.{k}": v for k, v in mixer(args).items()}
        shapes[f"{block}.ffn_norm.{norm}"] = (d,)
        shapes[f"{block}.ffn.gate_proj.weight"] = (f, d)
        shapes[f"{block}.ffn.up_proj.weight"] = (f, d)
        shapes[f"{block}.ffn.down_proj.weight"] = (d, f)
    if args.use_ttt:
        shapes |= {f"metacognition.{k}": v for k, v in _metacognition(args).items()}
    shapes[f"ln_f.{norm}"] = (d,)
    if not args.tie_word_embeddings:
        shapes["lm_head.weight"] = (args.vocab_size, d)
    return shapes


def _gla(args: ModelArgs) -> dict[str, Shape]:
    d, h, hk = args.n_embd, args.n_head, args.n_kv_head
    dk, dv = args.gla_key_dim, args.gla_value_dim
    widths = {"q": h * dk, "k": hk * dk, "v": hk * dv}
    shapes: dict[str, Shape] = {
        **{f"{name}_proj.weight": (width, d) for name, width in widths.items()},
        "g_proj.weight": (h * dv, d),
        "o_proj.weight": (d, h * dv),
        "gk_proj.weight": (h, d),
        "b_proj.weight": (h, d),
        "b_proj.bias": (h,),
    }
    if args.gla_use_mamba_gate:
        shapes |= {"A_log": (h,), "dt_bias": (h,)}
    else:
        shapes["gk_proj.bias"] = (h,)
    if args.gla_use_short_conv:
        shapes |= {
            f"conv_{name}.conv.weight": (width, 1, args.gla_conv_size)
            for name, width in widths.items()
        }
    if args.gla_qk_norm != "l2":
        shapes |= {"q_norm.weight": (dk,), "k_norm.weight": (dk,)}
    gate_norm = "g_norm_swish_gate" if args.gla_fuse_norm_gate else "g_norm"
    shapes[f"{gate_norm}.weight"] = (dv,)
    return shapes


def _fox(args: ModelArgs) -> dict[str, Shape]:
    d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
    shapes: dict[str, Shape] = {
        "q_proj.weight": (h * dh, d),
        "k_proj.weight": (hk * dh, d),
        "v_proj.weight": (h * dh, d),
        "o_proj.weight": (d, h * dh),
        "fgate_proj.weight": (h, d),
        "fgate_proj.bias": (h,),
    }
    if args.use_fox_pro:
        shapes |= {
            "ogate_proj.weight": (h * dh, d),
            "output_norm.weight": (dh,),
            "q_norm.weight": (h * dh,),
            "k_norm.weight": (hk * dh,),
            "k_conv.conv.weight": (hk * dh, 1, FOX_CONV_SIZE),
            "v_conv.conv.weight": (h * dh, 1, FOX_CONV_SIZE),
        }
    return shapes


def _attention(args: ModelArgs) -> dict[str, Shape]:
    d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
    return {
        "q_proj.weight": (h * dh, d),
        "k_proj.weight": (hk * dh, d),
        "v_proj.weight": (hk * dh, d),
        "g_proj.weight": (h * dh, d),
        "o_proj.weight": (d, h * dh),
    }


def _metacognition(args: ModelArgs) -> dict[str, Shape]:
    d, rank, half = args.n_embd, args.ttt_rank, args.n_embd // 2
    square = ("q_proj", "k_proj", "v_proj", "out_proj", "output_gate")
    return {
        "self_model.weight": (d, d),
        "reflection.weight": (d, 2 * d),
        "confidence.0.weight": (half, 2 * d),
        "confidence.0.bias": (half,),
        "confidence.2.weight": (1, half),
        "confidence.2.bias": (1,),
        "ttt.W0": (d, d),
        "ttt.A_init": (d, rank),
        "ttt.B_init": (rank, d),
        "ttt.log_lr": (d,),
        "ttt.layer_scale.scale": (d,),
        "ttt.norm.weight": (d,),
        "ttt.norm.bias": (d,),
        **{f"ttt.{name}.weight": (d, d) for name in square},
    }
