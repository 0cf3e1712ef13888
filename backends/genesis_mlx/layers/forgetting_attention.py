"""The forgetting attention mixer (FoX): 7 of the released model's 30 blocks."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import ModelArgs
from ...genesis.constants import FOX_CONV_SIZE, FOX_NORM_EPS
from ..cache import FoXCache, Texts, zeros
from ..ops import forgetting_attention, short_convolution
from ..ops.fox_decode import (
    FoXPast,
    FoXWeights,
    attend_fox_decode,
    fits_fox_decode,
    metal_fox_decode,
)
from ..ops.fox_prepare import FoXTaps, fits_fox_prepare, metal_fox_prepare
from ..ops.gated_norm import metal_gated_norm
from .activations import silu
from .forward_pass import ForwardPass
from .gated_linear_attention import ConvolutionTaps
from .norms import HeadRMSNorm, RMSNorm


class ForgettingAttention(nn.Module):
    """Softmax attention with forget gates (arXiv 2503.02130), no positions.

    Takes and returns [B, L, D]. The "Pro" design adds short convolutions on keys
    and values, norms on queries, keys and outputs, and an output gate. Of several texts
    each attends to its own keys.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d, h, hk, dh = args.n_embd, args.n_head, args.n_kv_head, args.head_dim
        self._heads, self._kv_heads, self._dh = h, hk, dh
        self._pro = args.use_fox_pro
        self._fits = self._pro and fits_fox_decode(dh)
        self._prepares = self._pro and fits_fox_prepare(args.fox_conv_width, h)
        self.in_proj = nn.Linear(d, args.fox_in_width, bias=False)
        self.fgate_proj = nn.Linear(d, h)
        self.o_proj = nn.Linear(h * dh, d, bias=False)
        if self._pro:
            self.conv = ConvolutionTaps(FOX_CONV_SIZE, args.fox_conv_width)
            self.q_norm = HeadRMSNorm(h, dh, FOX_NORM_EPS)
            self.k_norm = HeadRMSNorm(hk, dh, FOX_NORM_EPS)
            self.o_norm = RMSNorm(dh, FOX_NORM_EPS)

    def __call__(
        self, x: mx.array, cache: FoXCache | Texts[FoXCache], forward: ForwardPass
    ) -> mx.array:
        length = x.shape[1]
        projected = self.in_proj(x)
        # The kernel reads the gate's weight itself, which an adapter would add to.
        plain = type(self.fgate_proj) is nn.Linear
        fits = self._fits and plain and "fox_decode" in forward.kernels
        if isinstance(cache, Texts):
            return self.o_proj(self._decode_each(projected, x, cache, forward, fits))
        if length == 1 and fits:
            return self.o_proj(self._decode(projected, x, cache, forward))
        if length > 1 and self._prepares and "fox_prepare" in forward.kernels:
            q, k, v, log_forget = self._prepare(projected, x, cache)
        else:
            q, k, v = self._prepared(projected, cache)
            log_forget = self.log_forget(x)
        if length == 1:
            out = self._attend(q, k, v, log_forget, cache, forward)
        else:
            out = self._read(q, k, v, log_forget, cache, forward.kernels)
        if forward.trace is not None:
            forward.trace.forget(log_forget, cache)
        return self.o_proj(self._gated(out, projected, forward.kernels))

    def _gated(
        self, out: mx.array, projected: mx.array, kernels: frozenset[str]
    ) -> mx.array:
        """o_proj's input, for what was attended to [B, L, H, Dh] float32."""
        batch, length, h, dh = out.shape
        if not self._pro:
            return out.astype(projected.dtype).reshape(batch, length, h * dh)
        norm = self.o_norm
        if "gated_norm" in kernels:
            y = metal_gated_norm(out, projected, norm.weight, norm.eps)
        else:
            gate = projected[..., -h * dh :].reshape(batch, length, h, dh)
            y = norm(out.astype(projected.dtype)) * silu(gate)
        return y.reshape(batch, length, h * dh)

    def _prepare(
        self, projected: mx.array, x: mx.array, cache: FoXCache
    ) -> tuple[mx.array, mx.array, mx.array, mx.array]:
        """Queries, keys, values and log gates of several tokens, in one kernel."""
        weight = self.conv.weight
        if cache.conv is None:
            shape = (x.shape[0], weight.shape[0] - 1, weight.shape[1])
            cache.conv = zeros(shape, x.dtype)
        taps = FoXTaps(
            weight, self.q_norm.weight, self.k_norm.weight, self._dh, FOX_NORM_EPS
        )
        q, keys, values, cache.conv, log_forget = metal_fox_prepare(
            projected, self.fgate_proj(x), cache.conv, taps
        )
        return q, keys.swapaxes(1, 2), values.swapaxes(1, 2), log_forget

    def _prepared(
        self, projected: mx.array, cache: FoXCache | Texts[FoXCache]
    ) -> tuple[mx.array, mx.array, mx.array]:
        """Queries, keys and values, in MLX operations."""
        batch, length, _ = projected.shape
        h, hk, dh = self._heads, self._kv_heads, self._dh
        q = projected[..., : h * dh].reshape(batch, length, h, dh)
        kv = projected[..., h * dh : (2 * h + hk) * dh]
        if self._pro:
            kv, cache.conv = short_convolution(kv, self.conv.weight, cache.conv)
            kv = silu(kv)
        k, v = mx.split(kv, [hk * dh], axis=-1)
        k = k.reshape(batch, length, hk, dh)
        v = v.reshape(batch, length, h, dh)
        return (self.q_norm(q), self.k_norm(k), v) if self._pro else (q, k, v)

    def _decode(
        self, projected: mx.array, x: mx.array, cache: FoXCache, forward: ForwardPass
    ) -> mx.array:
        """One token, from the merged projection to o_proj's input, in one kernel."""
        taps, gate = self.conv.weight, self.fgate_proj
        if cache.conv is None:
            shape = (x.shape[0], taps.shape[0] - 1, taps.shape[1])
            cache.conv = zeros(shape, x.dtype)
        weights = FoXWeights(
            gate.weight,
            gate.bias,
            taps,
            self.q_norm.weight,
            self.k_norm.weight,
            self.o_norm.weight,
            FOX_NORM_EPS,
        )
        past = self._past(cache, x, forward)
        step = metal_fox_decode(
            projected, x, cache.conv, past, weights, "fox_join" in forward.kernels
        )
        cache.conv = step.conv
        cache.follow(step.since, step.tail_keys, step.tail_values, step.tail_decay)
        if forward.trace is not None:
            forward.trace.forget(step.log_forget, cache)
        return step.y

    def _decode_each(
        self,
        projected: mx.array,
        x: mx.array,
        cache: Texts[FoXCache],
        forward: ForwardPass,
        fits: bool,
    ) -> mx.array:
        """o_proj's input for one token of each text, which attends to its own keys."""
        texts, count = list(zip(cache.texts, forward.texts, strict=True)), x.shape[0]
        if not fits:
            q, k, v = self._prepared(projected, cache)
            parts = [each.split(count) for each in (q, k, v, self.log_forget(x))]
            rows = zip(*parts, texts, strict=True)
            out = [self._attend(*row, *text) for *row, text in rows]
            return self._gated(mx.concatenate(out), projected, forward.kernels)
        assert cache.conv is not None
        found: list[mx.array] = []
        convs: list[mx.array] = []
        for row, (text, alone) in enumerate(texts):
            part = slice(row, row + 1)
            text.conv = cache.conv[part]
            found.append(self._decode(projected[part], x[part], text, alone))
            convs.append(text.conv)
        cache.conv = mx.concatenate(convs)
        return mx.concatenate(found)

    def _attend(
        self,
        q: mx.array,
        k: mx.array,
        v: mx.array,
        log_forget: mx.array,
        cache: FoXCache,
        forward: ForwardPass,
    ) -> mx.array:
        """One token, [B, 1, heads, Dh] each, after all before it."""
        past = self._past(cache, q, forward)
        out, *rest = attend_fox_decode(q, k, v, log_forget, past)
        cache.follow(*rest)
        return out

    def _past(self, cache: FoXCache, x: mx.array, forward: ForwardPass) -> FoXPast:
        """What the token x [B, 1, D] can attend to."""
        heads, width = self._heads, self._dh
        if cache.tail_keys is None:
            cache.open((x.shape[0], self._kv_heads, width), heads, x.dtype)
        held = (cache.since, cache.tail_keys, cache.tail_values, cache.tail_decay)
        since, tail_keys, tail_values, tail_decay = held
        assert since is not None and tail_keys is not None
        assert tail_values is not None and tail_decay is not None
        blocks = cache.keys, cache.values, cache.decay
        # Of eight elements: MLX passes smaller inputs in another address space.
        nothing = zeros((1, 1, 8, 1), x.dtype), zeros((1, 1, 8), mx.float32)
        keys, values, decay = (
            nothing[index // 2] if block is None else block
            for index, block in enumerate(blocks)
        )
        return FoXPast(
            keys,
            values,
            decay,
            since,
            tail_keys,
            tail_values,
            tail_decay,
            forward.slot(tail_keys.shape[2]),
            cache.settled,
        )

    def _read(
        self,
        q: mx.array,
        k: mx.array,
        v: mx.array,
        log_forget: mx.array,
        cache: FoXCache,
        kernels: frozenset[str],
    ) -> mx.array:
        """Several tokens, [B, L, heads, Dh] each, after all before them."""
        keys, values = k.swapaxes(1, 2), v.swapaxes(1, 2)
        whole, decay = cache.whole(), None
        if whole is not None:
            keys = mx.concatenate([whole[0], keys], axis=2)
            values = mx.concatenate([whole[1], values], axis=2)
            decay = whole[2]
        out, decay = forgetting_attention(
            q, keys.swapaxes(1, 2), values.swapaxes(1, 2), log_forget, decay, kernels
        )
        cache.settle(keys, values, decay)
        return out

    def log_forget(self, x: mx.array) -> mx.array:
        """Log of each head's forget gate [B, L, H] float32, for inputs [B, L, D]."""
        gate: mx.array = self.fgate_proj(x)
        return -mx.logaddexp(-gate.astype(mx.float32), 0.0)
