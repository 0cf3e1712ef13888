"""The feed-forward half of a block."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import ModelArgs
from ..ops import selective_activation
from ..ops.selective_swiglu import fits_selective_swiglu, metal_selective_swiglu
from .activations import silu


class FeedForward(nn.Module):
    """SwiGLU (arXiv 2002.05202), keeping only a token's largest hidden values.

    Takes and returns [B, L, D]. The share kept is `selective_k_ratio`.
    """

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        width = args.ffn_width
        self.in_proj = nn.Linear(args.n_embd, 2 * width, bias=False)
        self.down_proj = nn.Linear(width, args.n_embd, bias=False)
        self._fits = fits_selective_swiglu(width)
        self._keep = args.ffn_keep

    def __call__(self, x: mx.array, kernels: frozenset[str]) -> mx.array:
        projected = self.in_proj(x)
        if self._fits and "selective_swiglu" in kernels:
            return self.down_proj(metal_selective_swiglu(projected, self._keep))
        gate, up = mx.split(projected, 2, axis=-1)
        hidden = selective_activation(silu(gate) * up, self._keep)
        return self.down_proj(hidden)
