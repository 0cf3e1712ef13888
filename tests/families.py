"""Small random models of many of mlx-lm's families, as folders in its own format."""

import json
from pathlib import Path
from typing import Any

from chat_models import byte_level, write_folder

# A few more than the tokenizers of `chat_models` have, as with real models.
VOCABULARY = 272

COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 512,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
}
MIXTURE = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "num_local_experts": 4,
    "moe_intermediate_size": 24,
    "shared_expert_intermediate_size": 24,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "norm_topk_prob": True,
}
GATED_DELTA = {
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_conv_kernel_dim": 3,
    "full_attention_interval": 2,
    "partial_rotary_factor": 0.5,
}

FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {"tie_word_embeddings": True},
    "mistral": {"attention_bias": True},
    "qwen2": {},
    "qwen3": {},
    "smollm3": {"tie_word_embeddings": True},
    "phi3": {"rope_scaling": None},
    "olmo2": {},
    "gemma2": {
        "query_pre_attn_scalar": 8,
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
        "sliding_window": 16,
    },
    "gemma3_text": {
        "query_pre_attn_scalar": 8,
        "sliding_window": 16,
        "sliding_window_pattern": 2,
        "rope_local_base_freq": 10000.0,
    },
    "exaone4": {
        "sliding_window": 16,
        "sliding_window_pattern": "LG",
        "rope_scaling": None,
    },
    "mixtral": MIXTURE,
    "qwen3_moe": MIXTURE,
    "gpt_oss": {
        **MIXTURE,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "qwen3_next": {**MIXTURE, **GATED_DELTA},
    "mamba2": {
        "num_heads": 8,
        "head_dim": 8,
        "state_size": 8,
        "conv_kernel": 3,
        "n_groups": 2,
        "use_bias": False,
        "use_conv_bias": True,
        "layer_norm_epsilon": 1e-5,
        "expand": 2,
        "time_step_limit": [0.001, 100.0],
        "time_step_rank": 4,
        "residual_in_fp32": False,
        "rescale_prenorm_residual": False,
        "intermediate_size": 64,
    },
    "lfm2": {
        "norm_eps": 1e-5,
        "conv_bias": False,
        "conv_L_cache": 3,
        "block_dim": 32,
        "block_ff_dim": 48,
        "block_multiple_of": 8,
        "block_ffn_dim_multiplier": 1.0,
        "block_auto_adjust_ff_dim": False,
        "full_attn_idxs": [1],
    },
    "rwkv7": {
        "norm_eps": 1e-5,
        "head_dim": 8,
        "num_heads": 4,
        "a_low_rank_dim": 4,
        "v_low_rank_dim": 4,
        "gate_low_rank_dim": 4,
        "decay_low_rank_dim": 4,
    },
}
# Cannot take tokens back: recurrent, or a window that has passed them.
RECURRENT = ("qwen3_next", "mamba2", "lfm2", "rwkv7")


def write_model(
    directory: Path, family: str, shards: int = 1, **quantization: Any
) -> Path:
    """Write a random model of a family, quantised if asked, in so many files."""
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_map

    from backends.mlx_family import library

    utils = library.loader()
    config = {**COMMON, **FAMILIES[family], "model_type": family}
    kind, arguments = utils._get_classes(config)
    mx.random.seed(7)
    network = kind(arguments.from_dict(config))
    network.update(tree_map(_drawn, network.parameters()))
    if quantization:
        network, config = utils.quantize_model(network, config, **quantization)
    arrays = dict(tree_flatten(network.parameters()))
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if shards == 1:
        mx.save_safetensors(str(directory / "model.safetensors"), arrays)
        return directory
    names = sorted(arrays)
    table: dict[str, Any] = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = {name: arrays[name] for name in names[number::shards]}
        mx.save_safetensors(str(directory / file), part)
        table |= dict.fromkeys(part, file)
    index = directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": table}), encoding="utf-8")
    return directory


def write_chat_model(
    directory: Path, family: str, shards: int = 1, **quantization: Any
) -> Path:
    """The same with a tokenizer and a chat template."""
    write_model(directory, family, shards, **quantization)
    config = (directory / "config.json").read_bytes()
    write_folder(directory, byte_level(plain=()), eos_token="<|im_end|>")
    (directory / "config.json").write_bytes(config)
    return directory


def _drawn(array: Any) -> Any:
    import mlx.core as mx

    if array.ndim < 2 or not mx.issubdtype(array.dtype, mx.floating):
        return array
    return mx.random.normal(array.shape) * 0.2
