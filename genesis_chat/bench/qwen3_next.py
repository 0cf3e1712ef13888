"""mlx-lm's Qwen3-Next in the sizes of a Genesis model, to compare with."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import mlx.core as mx
from mlx.utils import tree_map

from backends.genesis.args import ModelArgs
from backends.mlx_base.device import DTYPES, default_dtype, prefill_step


def peer_config(qwen3_next: Any, args: ModelArgs) -> Any:
    """The arguments of mlx-lm's model for as many layers of the same sizes."""
    return qwen3_next.ModelArgs(
        model_type="qwen3_next",
        hidden_size=args.n_embd,
        num_hidden_layers=args.n_layer,
        intermediate_size=args.ffn_width,
        num_attention_heads=args.n_head,
        linear_num_value_heads=args.n_head,
        linear_num_key_heads=args.n_kv_head,
        linear_key_head_dim=args.gla_key_dim,
        linear_value_head_dim=args.gla_value_dim,
        linear_conv_kernel_dim=args.gla_conv_size,
        num_experts=0,
        num_experts_per_tok=0,
        decoder_sparse_step=1,
        shared_expert_intermediate_size=0,
        mlp_only_layers=[],
        moe_intermediate_size=0,
        rms_norm_eps=args.norm_eps,
        vocab_size=args.vocab_size,
        num_key_value_heads=args.n_kv_head,
        rope_theta=10000.0,
        partial_rotary_factor=0.25,
        max_position_embeddings=args.block_size,
        head_dim=args.head_dim,
        tie_word_embeddings=args.tie_word_embeddings,
        full_attention_interval=round(1 / args.hybrid_full_attn_ratio),
    )


class PeerModel:
    """The model with random weights, greedy, one text at a time."""

    def __init__(self, args: ModelArgs) -> None:
        qwen3_next = importlib.import_module("mlx_lm.models.qwen3_next")
        self.dtype = default_dtype()
        model = qwen3_next.Model(peer_config(qwen3_next, args))
        kind = DTYPES[self.dtype]
        model.update(tree_map(lambda array: array.astype(kind), model.parameters()))
        mx.eval(model.parameters())
        self._model = model.eval()

    def reply(self, prompt: Sequence[int], count: int) -> Iterator[None]:
        """Read a prompt in the steps we do, and yield at each of `count` tokens."""
        cache, step = self._model.make_cache(), prefill_step()
        for start in range(0, len(prompt), step):
            logits = self._model(mx.array([prompt[start : start + step]]), cache=cache)
            mx.eval(logits)
        for number in range(count):
            token = mx.argmax(logits[:, -1], axis=-1)
            token.item()
            yield
            if number + 1 < count:
                logits = self._model(token[None], cache=cache)
