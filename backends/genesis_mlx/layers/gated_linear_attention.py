"""The gated linear attention mixer: 23 of the released model's 30 blocks."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import ModelArgs
from ...genesis.constants import GLA_NORM_EPS
from ..cache import GLACache, zeros
from ..ops import (
    apply_rotary,
    gated_delta_rule,
    gated_linear_attention,
    short_convolution,
)
from ..ops.gated_norm import metal_gated_norm
from ..ops.gla_decode import GLAWeights, fits_gla_decode, metal_gla_decode
from ..ops.gla_prepare import GLATaps, fits_gla_prepare, metal_gla_prepare
from .activations import silu
from .forward_pass import ForwardPass
from .norms import RMSNorm, l2_normalize


class ConvolutionTaps(nn.Module):
    """Taps of a short convolution, oldest first [W, channels]."""

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.weight = mx.zeros((size, channels))


class GatedLinearAttention(nn.Module):
    """Gated DeltaNet's projections (arXiv 2412.06464), the delta rule on request.

    Takes and returns [B, L, D]. `b_proj`, the delta rule's step size, is used with
    it alone; the reference never generates with it.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        d, h, hk = args.n_embd, args.n_head, args.n_kv_head
        dk, dv = args.gla_key_dim, args.gla_value_dim
        self._heads, self._kv_heads, self._dk, self._dv = h, hk, dk, dv
        self._qk_norm = args.gla_qk_norm
        self._normalizer = args.gla_gate_logit_normalizer
        self._rotary_width = args.gla_rotary_width
        channels, width = args.gla_conv_width, args.gla_width
        self._fits = (
            args.gla_use_short_conv
            and self._qk_norm == "l2"
            and fits_gla_decode(dk, dv)
        )
        self._prepares = (
            args.gla_use_short_conv
            and self._qk_norm == "l2"
            and fits_gla_prepare(channels, h)
        )

        self.in_proj = nn.Linear(d, args.gla_in_width, bias=False)
        self.gk_proj = nn.Linear(d, h, bias=not args.gla_use_mamba_gate)
        self.b_proj = nn.Linear(d, h)
        self.o_proj = nn.Linear(width, d, bias=False)
        self.o_norm = RMSNorm(dv, GLA_NORM_EPS)
        if args.gla_use_mamba_gate:
            self.A_log = mx.zeros((h,))
            self.dt_bias = mx.zeros((h,))
        if args.gla_use_short_conv:
            self.conv = ConvolutionTaps(args.gla_conv_size, channels)
        if self._qk_norm != "l2":
            self.q_norm = RMSNorm(dk, GLA_NORM_EPS)
            self.k_norm = RMSNorm(dk, GLA_NORM_EPS)

    def __call__(self, x: mx.array, cache: GLACache, forward: ForwardPass) -> mx.array:
        batch, length, _ = x.shape
        h, dk, dv = self._heads, self._dk, self._dv
        projected = self.in_proj(x)
        # The kernel reads the gate's weight itself, which an adapter would add to.
        plain = type(self.gk_proj) is type(self.b_proj) is nn.Linear
        fits = self._fits and plain and "gla_decode" in forward.kernels
        if length == 1 and fits:
            return self.o_proj(self._decode(projected, x, cache, forward))
        if self._prepares and "gla_prepare" in forward.kernels:
            q, k, v, log_decay = self._prepare(projected, x, cache, forward)
        else:
            q, k, v = self._prepared(projected, cache, forward)
            log_decay = self.log_decay(x)
        if forward.trace is not None:
            forward.trace.log_decay.append(log_decay)
        kernels = forward.kernels
        if cache.state is None:
            cache.state = zeros((batch, h, dk, dv), mx.float32)
        if forward.delta_rule:
            beta = mx.sigmoid(self.b_proj(x).astype(mx.float32))
            out, cache.state = gated_delta_rule(
                q, k, v, log_decay, beta, cache.state, kernels
            )
        else:
            out, cache.state = gated_linear_attention(
                q, k, v, log_decay, cache.state, kernels
            )
        norm = self.o_norm
        if "gated_norm" in kernels:
            y = metal_gated_norm(out, projected, norm.weight, norm.eps)
        else:
            gate = projected[..., -h * dv :].reshape(batch, length, h, dv)
            y = norm(out.astype(x.dtype)) * silu(gate)
        return self.o_proj(y.reshape(batch, length, h * dv))

    def _prepare(
        self, projected: mx.array, x: mx.array, cache: GLACache, forward: ForwardPass
    ) -> tuple[mx.array, mx.array, mx.array, mx.array]:
        """Queries, keys, values and log decays of several tokens, by one kernel."""
        weight, mamba = self.conv.weight, "A_log" in self
        if cache.conv is None:
            shape = (x.shape[0], weight.shape[0] - 1, weight.shape[1])
            cache.conv = zeros(shape, x.dtype)
        taps = GLATaps(
            weight,
            self.dt_bias if mamba else None,
            self.A_log if mamba else None,
            self._normalizer,
            self._heads,
            self._kv_heads,
            self._dk,
        )
        rotary = forward.rotary(self._rotary_width)
        q, k, v, cache.conv, log_decay = metal_gla_prepare(
            projected, self.gk_proj(x), cache.conv, rotary, taps
        )
        return q, k, v, log_decay

    def _prepared(
        self, projected: mx.array, cache: GLACache, forward: ForwardPass
    ) -> tuple[mx.array, mx.array, mx.array]:
        """Queries, keys and values, in MLX operations."""
        batch, length, _ = projected.shape
        h, hk, dk, dv = self._heads, self._kv_heads, self._dk, self._dv
        qk_width = (h + hk) * dk
        qkv = projected[..., : qk_width + hk * dv]
        if "conv" in self:
            qkv, cache.conv = short_convolution(qkv, self.conv.weight, cache.conv)
        qk, v = mx.split(qkv, [qk_width], axis=-1)
        if "conv" in self:
            v = silu(v)
            qk = qk if self._qk_norm == "softmax" else silu(qk)
        qk = self._normalized(qk.reshape(batch, length, h + hk, dk))
        qk = apply_rotary(qk, forward.rotary(self._rotary_width))
        q, k = mx.split(qk, [h], axis=2)
        return q, k, v.reshape(batch, length, hk, dv)

    def _decode(
        self, projected: mx.array, x: mx.array, cache: GLACache, forward: ForwardPass
    ) -> mx.array:
        """One token, from the merged projection to o_proj's input, in one kernel."""
        batch, taps = x.shape[0], self.conv.weight
        if cache.conv is None or cache.state is None:
            shape = (batch, taps.shape[0] - 1, taps.shape[1])
            cache.conv = zeros(shape, x.dtype)
            cache.state = zeros((batch, self._heads, self._dk, self._dv), mx.float32)
        mamba = "A_log" in self
        weights = GLAWeights(
            self.gk_proj.weight,
            self.dt_bias if mamba else self.gk_proj.bias,
            self.A_log if mamba else None,
            taps,
            self.o_norm.weight,
            self._kv_heads,
            self._normalizer,
            GLA_NORM_EPS,
            *((self.b_proj.weight, self.b_proj.bias) if forward.delta_rule else ()),
        )
        rotary = forward.rotary(self._rotary_width)
        y, cache.conv, cache.state, log_decay = metal_gla_decode(
            projected, x, cache.conv, cache.state, rotary, weights
        )
        if forward.trace is not None:
            forward.trace.log_decay.append(log_decay)
        return y

    def log_decay(self, x: mx.array) -> mx.array:
        """Log of each head's decay [B, L, H] float32, for inputs [B, L, D]."""
        gk = self.gk_proj(x).astype(mx.float32)
        if "A_log" in self:
            return -mx.exp(self.A_log) * mx.logaddexp(gk + self.dt_bias, 0.0)
        return -mx.logaddexp(-gk, 0.0) / self._normalizer

    def _normalized(self, qk: mx.array) -> mx.array:
        if self._qk_norm == "l2":
            return l2_normalize(qk)
        q, k = mx.split(qk, [self._heads], axis=2)
        return mx.concatenate([self.q_norm(q), self.k_norm(k)], axis=2)
