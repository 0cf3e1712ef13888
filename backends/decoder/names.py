"""Names and shapes of a decoder's tensors as Hugging Face and MLX write them."""

from .args import DecoderArgs

Shape = tuple[int, ...]

EMBEDDING, HEAD, FINAL_NORM = "model.embed_tokens", "lm_head", "model.norm"
# Tables that old files have and everybody computes.
IGNORED = ("rotary_emb.inv_freq",)


def matrix_shapes(args: DecoderArgs) -> dict[str, tuple[int, int]]:
    """Every module with a large matrix, which may be quantised, and its shape."""
    d, f = args.hidden_size, args.intermediate_size
    queries = args.num_attention_heads * args.head_dim
    keys = args.num_key_value_heads * args.head_dim
    shapes = {EMBEDDING: (args.vocab_size, d)}
    for index in range(args.num_hidden_layers):
        attention, mlp = f"{block(index)}.self_attn", f"{block(index)}.mlp"
        shapes |= {
            f"{attention}.q_proj": (queries, d),
            f"{attention}.k_proj": (keys, d),
            f"{attention}.v_proj": (keys, d),
            f"{attention}.o_proj": (d, queries),
            f"{mlp}.gate_proj": (f, d),
            f"{mlp}.up_proj": (f, d),
            f"{mlp}.down_proj": (d, f),
        }
    if not args.tie_word_embeddings:
        shapes[HEAD] = (args.vocab_size, d)
    return shapes


def vector_shapes(args: DecoderArgs) -> dict[str, Shape]:
    """Every other tensor, by its whole name: gains of norms, and biases."""
    d = args.hidden_size
    matrices = matrix_shapes(args)
    shapes: dict[str, Shape] = {}
    for index in range(args.num_hidden_layers):
        attention, mlp = f"{block(index)}.self_attn", f"{block(index)}.mlp"
        shapes[f"{block(index)}.input_layernorm.weight"] = (d,)
        shapes[f"{block(index)}.post_attention_layernorm.weight"] = (d,)
        biased = [f"{attention}.{n}_proj" for n in "qkv"] if args.qkv_bias else []
        biased += [f"{attention}.o_proj"] if args.output_bias else []
        if args.mlp_bias:
            biased += [f"{mlp}.{name}_proj" for name in ("gate", "up", "down")]
        shapes |= {f"{name}.bias": matrices[name][:1] for name in biased}
        if args.qk_norm:
            shapes |= {f"{attention}.{n}_norm.weight": (args.head_dim,) for n in "qk"}
    shapes[f"{FINAL_NORM}.weight"] = (d,)
    return shapes


def block(index: int) -> str:
    """The prefix of a block's tensors."""
    return f"model.layers.{index}"
