"""The forgetting attention mixer (FoX): 7 of the released model's 30 blocks."""

import mlx.core as mx
import mlx.nn as nn

from ...args import ModelArgs
from ...weights import FOX_CONV_SIZE
from ..cache import FoXCache
from ..ops import Positions, forgetting_attention, short_convolution
from .activations import silu
from .gated_linear_attention import ConvolutionTaps
from .norms import HeadRMSNorm, RMSNorm

EPS = 1e-6


class ForgettingAttention(nn.Module):
    """Softmax attention with forget gates (arXiv 2503.02130), no positions.

    Takes and returns [B, L, D]. The "Pro" design adds short convolutions on keys
    and values, norms on queries, keys and outputs, and an output gate.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
        self._heads, self._kv_heads, self._dh = h, hk, dh
        self._pro = args.use_fox_pro
        gate = h * dh if self._pro else 0
        self.in_proj = nn.Linear(d, (2 * h + hk) * dh + gate, bias=False)
        self.fgate_proj = nn.Linear(d, h)
        self.o_proj = nn.Linear(h * dh, d, bias=False)
        if self._pro:
            self.conv = ConvolutionTaps(FOX_CONV_SIZE, (h + hk) * dh)
            self.q_norm = HeadRMSNorm(h, dh, EPS)
            self.k_norm = HeadRMSNorm(hk, dh, EPS)
            self.o_norm = RMSNorm(dh, EPS)

    def __call__(self, x: mx.array, cache: FoXCache, positions: Positions) -> mx.array:
        batch, length, _ = x.shape
        h, hk, dh = self._heads, self._kv_heads, self._dh
        borders = [h * dh, (2 * h + hk) * dh]
        q, kv, gate = mx.split(self.in_proj(x), borders, axis=-1)
        if self._pro:
            kv, cache.conv = short_convolution(kv, self.conv.weight, cache.conv)
            kv = silu(kv)
        k, v = mx.split(kv, [hk * dh], axis=-1)
        q = q.reshape(batch, length, h, dh)
        k = k.reshape(batch, length, hk, dh)
        v = v.reshape(batch, length, h, dh)
        if self._pro:
            q, k = self.q_norm(q), self.k_norm(k)
        keys, values = cache.kv.append(k, v)
        log_forget = self.log_forget(x)
        out, cache.decay = forgetting_attention(
            q, keys, values, log_forget, cache.decay
        )
        if positions.taps is not None:
            positions.taps.log_forget.append(log_forget)
            positions.taps.since.append(cache.decay)
        out = out.astype(x.dtype)
        if self._pro:
            out = self.o_norm(out) * silu(gate.reshape(batch, length, h, dh))
        return self.o_proj(out.reshape(batch, length, h * dh))

    def log_forget(self, x: mx.array) -> mx.array:
        """Log of each head's forget gate [B, L, H] float32, for inputs [B, L, D]."""
        gate: mx.array = self.fgate_proj(x)
        return -mx.logaddexp(-gate.astype(mx.float32), 0.0)
