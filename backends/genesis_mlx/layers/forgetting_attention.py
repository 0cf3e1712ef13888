"""The forgetting attention mixer (FoX): 7 of the released model's 30 blocks."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import ModelArgs
from ...genesis.constants import FOX_CONV_SIZE, FOX_NORM_EPS
from ..cache import FoXCache
from ..ops import forgetting_attention, short_convolution
from ..ops.fox_decode import FoXPast, FoXWeights, fits_fox_decode, metal_fox_decode
from .activations import silu
from .forward_pass import ForwardPass
from .gated_linear_attention import ConvolutionTaps
from .norms import HeadRMSNorm, RMSNorm


class ForgettingAttention(nn.Module):
    """Softmax attention with forget gates (arXiv 2503.02130), no forward.

    Takes and returns [B, L, D]. The "Pro" design adds short convolutions on keys
    and values, norms on queries, keys and outputs, and an output gate.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
        self._heads, self._kv_heads, self._dh = h, hk, dh
        self._pro = args.use_fox_pro
        self._fits = self._pro and fits_fox_decode(dh)
        self.in_proj = nn.Linear(d, args.fox_in_width, bias=False)
        self.fgate_proj = nn.Linear(d, h)
        self.o_proj = nn.Linear(h * dh, d, bias=False)
        if self._pro:
            self.conv = ConvolutionTaps(FOX_CONV_SIZE, args.fox_conv_width)
            self.q_norm = HeadRMSNorm(h, dh, FOX_NORM_EPS)
            self.k_norm = HeadRMSNorm(hk, dh, FOX_NORM_EPS)
            self.o_norm = RMSNorm(dh, FOX_NORM_EPS)

    def __call__(self, x: mx.array, cache: FoXCache, forward: ForwardPass) -> mx.array:
        batch, length, _ = x.shape
        h, hk, dh = self._heads, self._kv_heads, self._dh
        borders = [h * dh, (2 * h + hk) * dh]
        projected = self.in_proj(x)
        # The kernel reads the gate's weight itself, which an adapter would add to.
        plain = type(self.fgate_proj) is nn.Linear
        fits = self._fits and plain and "fox_decode" in forward.kernels
        if length == 1 and fits:
            return self.o_proj(self._decode(projected, x, cache, forward))
        q, kv, gate = mx.split(projected, borders, axis=-1)
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
            q, keys, values, log_forget, cache.decay, forward.kernels
        )
        if forward.trace is not None:
            forward.trace.log_forget.append(log_forget)
            forward.trace.since.append(cache.decay)
        out = out.astype(x.dtype)
        if self._pro:
            out = self.o_norm(out) * silu(gate.reshape(batch, length, h, dh))
        return self.o_proj(out.reshape(batch, length, h * dh))

    def _decode(
        self, projected: mx.array, x: mx.array, cache: FoXCache, forward: ForwardPass
    ) -> mx.array:
        """One token, from the merged projection to o_proj's input, in one kernel."""
        taps, gate = self.conv.weight, self.fgate_proj
        if cache.conv is None:
            shape = (x.shape[0], taps.shape[0] - 1, taps.shape[1])
            cache.conv = mx.zeros(shape, dtype=x.dtype)
        weights = FoXWeights(
            gate.weight,
            gate.bias,
            taps,
            self.q_norm.weight,
            self.k_norm.weight,
            self.o_norm.weight,
            FOX_NORM_EPS,
        )
        keys, values = cache.kv.keys.buffer(), cache.kv.values.buffer()
        nothing = mx.zeros((1, 1, 1, 1), dtype=x.dtype)
        past = FoXPast(
            nothing if keys is None else keys,
            nothing if values is None else values,
            nothing.astype(mx.float32) if cache.decay is None else cache.decay,
            cache.kv.keys.length,
        )
        step = metal_fox_decode(projected, x, cache.conv, past, weights)
        cache.conv, cache.decay = step.conv, step.decay
        cache.kv.keys.append(step.key)
        cache.kv.values.append(step.value)
        if forward.trace is not None:
            forward.trace.log_forget.append(step.log_forget)
            forward.trace.since.append(step.decay)
        return step.y

    def log_forget(self, x: mx.array) -> mx.array:
        """Log of each head's forget gate [B, L, H] float32, for inputs [B, L, D]."""
        gate: mx.array = self.fgate_proj(x)
        return -mx.logaddexp(-gate.astype(mx.float32), 0.0)
