"""What a GGUF file's architecture is here: a configuration and the tensors it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConversionError, shown
from .metadata import Metadata
from .rotary import rope_scaling

# Hugging Face's class and whether pairs of a head's angles are neighbours in the
# file, though halves of the head in the configuration's model.
CLASSES = {
    "llama": ("LlamaForCausalLM", True),
    "qwen2": ("Qwen2ForCausalLM", False),
    "qwen3": ("Qwen3ForCausalLM", False),
    "smollm3": ("SmolLM3ForCausalLM", True),
}
WITH_BIASES = ("llama", "smollm3")
NO_ROPE_INTERVAL = 4

# They change what a model computes and have no place in the configurations.
UNKNOWN_WAYS = (
    "expert_count",
    "attention.scale",
    "attention.clamp_kqv",
    "attention.max_alibi_bias",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "embedding_scale",
    "residual_scale",
    "logit_scale",
    "use_parallel_residual",
)


@dataclass(frozen=True)
class Part:
    """A tensor of the configuration's model.

    `source` is the file's name for it. `heads` is how many heads its rows have to be
    put in the other order of, None to leave them; `optional` says that it is made of
    zeros where the file lacks it.
    """

    source: str
    shape: tuple[int, ...]
    heads: int | None = None
    optional: bool = False


@dataclass(frozen=True)
class Architecture:
    """A model's configuration and its tensors by Hugging Face's names."""

    name: str
    config: Mapping[str, Any]
    context: int
    parts: Mapping[str, Part]


def architecture_name(metadata: Metadata) -> str:
    """The file's architecture. Raises `ConversionError` when nothing here runs it."""
    name = metadata.text("general.architecture")
    if name not in CLASSES:
        raise ConversionError(
            f"Nothing here can run GGUF files of the kind {shown(repr(name))}; "
            f"what can be converted is {', '.join(CLASSES)}."
        )
    return str(name)


def read_architecture(
    metadata: Metadata,
    shapes: Mapping[str, tuple[int, ...]],
    rope_factors: NDArray[np.float32] | None,
) -> Architecture:
    """The configuration for a file with these tensors.

    Args:
        metadata: the file's.
        shapes: of its tensors, by its names.
        rope_factors: the values of `rope_freqs.weight`, None without.

    Raises:
        ConversionError: the model computes something that nothing here does.
    """
    name = architecture_name(metadata)
    for way in UNKNOWN_WAYS:
        if metadata.number(f"{name}.{way}", 0) not in (0, 1):
            raise ConversionError(
                f"The model has {name}.{way}, which nothing here can run."
            )
    hidden = metadata.integer(f"{name}.embedding_length")
    heads = metadata.same_in_layers(f"{name}.attention.head_count")
    sizes = {
        "hidden_size": hidden,
        "intermediate_size": metadata.same_in_layers(f"{name}.feed_forward_length"),
        "num_hidden_layers": metadata.integer(f"{name}.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": metadata.same_in_layers(
            f"{name}.attention.head_count_kv", heads
        ),
        "max_position_embeddings": metadata.integer(f"{name}.context_length"),
        "vocab_size": shapes.get("token_embd.weight", (0,))[0],
    }
    for key, value in sizes.items():
        if not 0 < value < 1 << 31:
            raise ConversionError(f"The model's {key} of {value:,} is impossible.")
    width = metadata.integer(f"{name}.attention.key_length", hidden // heads)
    _check_heads(metadata, name, width, sizes)
    window = metadata.integer(f"{name}.attention.sliding_window", 0)
    # Within its window such a model is one without.
    context = min(sizes["max_position_embeddings"], window or 1 << 31)
    base = metadata.number(f"{name}.rope.freq_base", 10000.0)
    tied = "output.weight" not in shapes
    config: dict[str, Any] = {
        "architectures": [CLASSES[name][0]],
        "model_type": name,
        **sizes,
        "max_position_embeddings": context,
        "head_dim": width,
        "hidden_act": "silu",
        "rms_norm_eps": metadata.number(f"{name}.attention.layer_norm_rms_epsilon"),
        "rope_theta": base,
        "rope_scaling": rope_scaling(metadata, name, base, width, rope_factors),
        "tie_word_embeddings": tied,
    }
    biases = _biases(name, shapes)
    if name in WITH_BIASES:
        config["attention_bias"] = bool(biases & {"attn_q", "attn_output"})
        config["mlp_bias"] = "ffn_up" in biases
    elif name == "qwen2":
        if width * heads != hidden:
            raise ConversionError(
                "The model's heads are not as wide as its embedding divided among "
                "them, which nothing here can run."
            )
        config["use_sliding_window"] = False
    if name == "smollm3":
        layers = range(1, sizes["num_hidden_layers"] + 1)
        config["no_rope_layer_interval"] = NO_ROPE_INTERVAL
        config["no_rope_layers"] = [int(n % NO_ROPE_INTERVAL != 0) for n in layers]
    return Architecture(name, config, context, _parts(name, config, biases))


def _check_heads(
    metadata: Metadata, name: str, width: int, sizes: Mapping[str, int]
) -> None:
    heads, groups = sizes["num_attention_heads"], sizes["num_key_value_heads"]
    if not 0 < width < 1 << 16 or width % 2 or heads % groups:
        raise ConversionError("The model's heads have an impossible number or width.")
    for key in ("attention.value_length", "rope.dimension_count"):
        if metadata.integer(f"{name}.{key}", width) != width:
            raise ConversionError(
                f"The model's {name}.{key} is not the {width} of its heads' width, "
                "which nothing here can run."
            )


def _biases(name: str, shapes: Mapping[str, tuple[int, ...]]) -> set[str]:
    """Which groups of matrices have biases: one in a group means all of it."""
    attention = {"attn_q", "attn_k", "attn_v"}
    groups = [attention] if name == "qwen2" else []
    if name in WITH_BIASES:
        groups = [{*attention, "attn_output"}, {"ffn_gate", "ffn_up", "ffn_down"}]
    found: set[str] = set(attention) if name == "qwen2" else set()
    for group in groups:
        if any(f"blk.0.{each}.bias" in shapes for each in group):
            found |= group
    return found


def _parts(name: str, config: Mapping[str, Any], biases: set[str]) -> dict[str, Part]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    width, vocabulary = config["head_dim"], config["vocab_size"]
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    turned = CLASSES[name][1]
    parts = {
        "model.embed_tokens.weight": Part("token_embd.weight", (vocabulary, hidden))
    }
    matrices = {
        "self_attn.q_proj": ("attn_q", (heads * width, hidden), heads),
        "self_attn.k_proj": ("attn_k", (groups * width, hidden), groups),
        "self_attn.v_proj": ("attn_v", (groups * width, hidden), None),
        "self_attn.o_proj": ("attn_output", (hidden, heads * width), None),
        "mlp.gate_proj": ("ffn_gate", (inner, hidden), None),
        "mlp.up_proj": ("ffn_up", (inner, hidden), None),
        "mlp.down_proj": ("ffn_down", (hidden, inner), None),
    }
    norms = {
        "input_layernorm": ("attn_norm", hidden),
        "post_attention_layernorm": ("ffn_norm", hidden),
    }
    if name == "qwen3":
        norms["self_attn.q_norm"] = ("attn_q_norm", width)
        norms["self_attn.k_norm"] = ("attn_k_norm", width)
    for index in range(config["num_hidden_layers"]):
        ours, theirs = f"model.layers.{index}", f"blk.{index}"
        for target, (source, shape, count) in matrices.items():
            count = count if turned else None
            parts[f"{ours}.{target}.weight"] = Part(
                f"{theirs}.{source}.weight", shape, count
            )
            if source in biases:
                parts[f"{ours}.{target}.bias"] = Part(
                    f"{theirs}.{source}.bias", shape[:1], count, optional=True
                )
        for target, (source, size) in norms.items():
            parts[f"{ours}.{target}.weight"] = Part(
                f"{theirs}.{source}.weight", (size,)
            )
    parts["model.norm.weight"] = Part("output_norm.weight", (hidden,))
    if not config["tie_word_embeddings"]:
        parts["lm_head.weight"] = Part("output.weight", (vocabulary, hidden))
    return parts
