"""Names and shapes of a converted model's tensors."""

from .args import ModelArgs
from .constants import FOX_CONV_SIZE

Shape = tuple[int, ...]

# Exponents and learning rates: half precision would move them by whole percents.
ALWAYS_FLOAT32 = ("A_log", "dt_bias", "log_lr")


def tensor_shapes(args: ModelArgs) -> dict[str, Shape]:
    """Every tensor of a converted, unquantised model with its shape.

    Projections that read the same input are one matrix: the rows of `in_proj` are
    q, k, v and the output gate in that order (feed-forward: gate, up).
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
        shapes[f"{block}.ffn.in_proj.weight"] = (2 * f, d)
        shapes[f"{block}.ffn.down_proj.weight"] = (d, f)
    if args.use_ttt:
        shapes |= {f"metacognition.{k}": v for k, v in _metacognition(args).items()}
    shapes[f"ln_f.{norm}"] = (d,)
    if not args.tie_word_embeddings:
        shapes["lm_head.weight"] = (args.vocab_size, d)
    return shapes


def quantizable(name: str) -> bool:
    """Whether the tensor is stored quantised when a model is.

    The large projections and the embedding are; gates, norms and the test-time
    training layer, which are small and sensitive, are not.
    """
    return name.endswith(
        (
            "tok_emb.weight",
            "lm_head.weight",
            "attn.in_proj.weight",
            "attn.o_proj.weight",
            "ffn.in_proj.weight",
            "ffn.down_proj.weight",
        )
    )


def _gla(args: ModelArgs) -> dict[str, Shape]:
    d, h, conv = args.n_embd, args.n_head, args.gla_conv_width
    dk, dv = args.gla_key_dim, args.gla_value_dim
    shapes: dict[str, Shape] = {
        "in_proj.weight": (args.gla_in_width, d),
        "gk_proj.weight": (h, d),
        "b_proj.weight": (h, d),
        "b_proj.bias": (h,),
        "o_norm.weight": (dv,),
        "o_proj.weight": (d, args.gla_width),
    }
    if args.gla_use_mamba_gate:
        shapes |= {"A_log": (h,), "dt_bias": (h,)}
    else:
        shapes["gk_proj.bias"] = (h,)
    if args.gla_use_short_conv:
        shapes["conv.weight"] = (args.gla_conv_size, conv)
    if args.gla_qk_norm != "l2":
        shapes |= {"q_norm.weight": (dk,), "k_norm.weight": (dk,)}
    return shapes


def _fox(args: ModelArgs) -> dict[str, Shape]:
    d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
    shapes: dict[str, Shape] = {
        "in_proj.weight": (args.fox_in_width, d),
        "fgate_proj.weight": (h, d),
        "fgate_proj.bias": (h,),
        "o_proj.weight": (d, h * dh),
    }
    if args.use_fox_pro:
        shapes |= {
            "conv.weight": (FOX_CONV_SIZE, args.fox_conv_width),
            "q_norm.weight": (h * dh,),
            "k_norm.weight": (hk * dh,),
            "o_norm.weight": (dh,),
        }
    return shapes


def _attention(args: ModelArgs) -> dict[str, Shape]:
    d = args.n_embd
    return {
        "in_proj.weight": (args.attention_in_width, d),
        "o_proj.weight": (d, d),
    }


def _metacognition(args: ModelArgs) -> dict[str, Shape]:
    d, rank, half = args.n_embd, args.ttt_rank, args.n_embd // 2
    square = ("q_proj", "k_proj", "v_proj", "out_proj", "output_gate")
    return {
        "self_model.weight": (d, d),
        "reflection.weight": (d, 2 * d),
        "confidence_in.weight": (half, 2 * d),
        "confidence_in.bias": (half,),
        "confidence_out.weight": (1, half),
        "confidence_out.bias": (1,),
        "ttt.W0": (d, d),
        "ttt.A_init": (d, rank),
        "ttt.B_init": (rank, d),
        "ttt.log_lr": (d,),
        "ttt.layer_scale": (d,),
        "ttt.norm.weight": (d,),
        "ttt.norm.bias": (d,),
        **{f"ttt.{name}.weight": (d, d) for name in square},
    }
