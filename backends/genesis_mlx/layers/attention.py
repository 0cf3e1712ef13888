"""Gated softmax attention with positions, where FoX is switched off."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import ModelArgs
from ..cache import AttentionCache, Texts
from ..ops import apply_rotary
from .forward_pass import ForwardPass


class GatedAttention(nn.Module):
    """Causal attention with rotary positions and a sigmoid output gate.

    Takes and returns [B, L, D]; keys and values are grouped, query head h reading
    key/value head h // (H / Hk). Of several texts each attends to its own keys.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
        self._heads, self._kv_heads, self._dh = h, hk, dh
        self.in_proj = nn.Linear(d, args.attention_in_width, bias=False)
        self.o_proj = nn.Linear(h * dh, d, bias=False)

    def __call__(
        self,
        x: mx.array,
        cache: AttentionCache | Texts[AttentionCache],
        forward: ForwardPass,
    ) -> mx.array:
        batch, length, _ = x.shape
        h, hk, dh = self._heads, self._kv_heads, self._dh
        heads = self.in_proj(x).reshape(batch, length, 2 * (h + hk), dh)
        qk, v, gate = mx.split(heads, [h + hk, h + 2 * hk], axis=2)
        qk = apply_rotary(qk, forward.rotary(dh))
        q, k = mx.split(qk, [h], axis=2)
        if isinstance(cache, Texts):
            parts = q.split(batch), k.split(batch), v.split(batch)
            rows = zip(*parts, cache.texts, strict=True)
            out = mx.concatenate([_attend(*row, forward) for row in rows])
        else:
            out = _attend(q, k, v, cache, forward)
        out = out * mx.sigmoid(gate)
        return self.o_proj(out.reshape(batch, length, h * dh))


def _attend(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    cache: AttentionCache,
    forward: ForwardPass,
) -> mx.array:
    """Attention to these tokens and all before them, [B, L, heads, Dh]."""
    mask: mx.array | str = "causal"
    if forward.placed:
        keys, values, mask = cache.follow(k, v, forward.start)
    else:
        keys, values = cache.append(k, v)
    out = mx.fast.scaled_dot_product_attention(
        q.swapaxes(1, 2), keys, values, scale=q.shape[-1] ** -0.5, mask=mask
    )
    return out.swapaxes(1, 2)
