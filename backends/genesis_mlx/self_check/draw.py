"""Random inputs of the operators, in the shapes of a model."""

import mlx.core as mx

from ...genesis.args import ModelArgs
from ...genesis.constants import FOX_CONV_SIZE, FOX_NORM_EPS, GLA_NORM_EPS
from ..cache import BLOCK
from ..ops import rotary_tables
from ..ops.fox_decode import FoXPast, FoXWeights
from ..ops.fox_prepare import FoXTaps
from ..ops.gla_decode import GLAWeights
from ..ops.gla_prepare import GLATaps
from ..ops.rotary import rotary_tables_of_texts


class Draw:
    """Random arrays that are the same each time; B is 1."""

    def __init__(self, args: ModelArgs, dtype: mx.Dtype) -> None:
        self.args, self.dtype = args, dtype
        self._key = mx.random.key(0)

    def __call__(self, *shape: int) -> mx.array:
        return self.wide(*shape).astype(self.dtype)

    def wide(self, *shape: int) -> mx.array:
        """float32, whatever the model computes in."""
        self._key, key = mx.random.split(self._key)
        return mx.random.normal(shape, key=key)

    def gates(self, *shape: int) -> mx.array:
        """Logs of decays."""
        return -mx.abs(self.wide(*shape))

    def gla_projection(self, length: int) -> mx.array:
        """in_proj's outputs [1, L, channels + H Dv]."""
        return self(1, length, self.args.gla_in_width)

    def gla_conv(self) -> mx.array:
        """The projections before them [1, W - 1, channels]."""
        return self(1, self.args.gla_conv_size - 1, self.args.gla_conv_width)

    def gla_state(self) -> mx.array:
        """[1, H, Dk, Dv]."""
        args = self.args
        return self.wide(1, args.n_head, args.gla_key_dim, args.gla_value_dim)

    def gla_rotary(self, length: int) -> tuple[mx.array, mx.array]:
        """Cosines and sines [L, 1, half]."""
        return rotary_tables(self.args.gla_rotary_width, 3, length)

    def gla_rotary_of_texts(self, count: int) -> tuple[mx.array, mx.array]:
        """Cosines and sines of a token of each [count, 1, 1, half]."""
        return rotary_tables_of_texts(self.args.gla_rotary_width, range(count))

    def gla_weights(self, delta_rule: bool) -> GLAWeights:
        """The parameters of its decoding."""
        args, (d, h) = self.args, (self.args.n_embd, self.args.n_head)
        mamba = args.gla_use_mamba_gate
        return GLAWeights(
            self(h, d) * d**-0.5,
            self.wide(h) if mamba else self(h),
            self.wide(h) if mamba else None,
            self(args.gla_conv_size, args.gla_conv_width),
            self(args.gla_value_dim),
            args.n_kv_head,
            args.gla_gate_logit_normalizer,
            GLA_NORM_EPS,
            *((self(h, d) * d**-0.5, self(h)) if delta_rule else ()),
        )

    def gla_taps(self) -> GLATaps:
        """The parameters of its prompts."""
        args, h = self.args, self.args.n_head
        mamba = args.gla_use_mamba_gate
        return GLATaps(
            self(args.gla_conv_size, args.gla_conv_width),
            self.wide(h) if mamba else None,
            self.wide(h) if mamba else None,
            args.gla_gate_logit_normalizer,
            h,
            args.n_kv_head,
            args.gla_key_dim,
        )

    def fox_projection(self, length: int) -> mx.array:
        """in_proj's outputs [1, L, (3 H + Hk) Dh]."""
        return self(1, length, self.args.fox_in_width)

    def fox_conv(self) -> mx.array:
        """The projections before them [1, W - 1, (H + Hk) Dh]."""
        return self(1, FOX_CONV_SIZE - 1, self.args.fox_conv_width)

    def fox_weights(self) -> FoXWeights:
        """The parameters of its decoding."""
        args, (d, h) = self.args, (self.args.n_embd, self.args.n_head)
        dh = args.head_dim
        return FoXWeights(
            self(h, d) * d**-0.5,
            self(h),
            self(FOX_CONV_SIZE, args.fox_conv_width),
            self(h * dh),
            self(args.n_kv_head * dh),
            self(dh),
            FOX_NORM_EPS,
        )

    def fox_taps(self) -> FoXTaps:
        """The parameters of its prompts."""
        args, dh = self.args, self.args.head_dim
        return FoXTaps(
            self(FOX_CONV_SIZE, args.fox_conv_width),
            self(args.n_head * dh),
            self(args.n_kv_head * dh),
            dh,
            FOX_NORM_EPS,
        )

    def fox_past(self, seen: int) -> FoXPast:
        """So many keys, in blocks and a tail, and their values and decays."""
        h, hk, dh = self.args.n_head, self.args.n_kv_head, self.args.head_dim
        settled = seen // BLOCK * BLOCK
        size = settled or 8
        return FoXPast(
            self(1, hk, size, dh) if settled else self(1, 1, 8, 1),
            self(1, h, size, dh) if settled else self(1, 1, 8, 1),
            self.gates(1, h, size) if settled else self.wide(1, 1, 8),
            self.gates(1, h),
            self(1, hk, BLOCK, dh),
            self(1, h, BLOCK, dh),
            self.gates(1, h, BLOCK),
            mx.array([seen - settled], mx.int32),
            settled,
        )
