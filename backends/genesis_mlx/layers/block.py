"""One block: a mixer and a feed-forward network, each with its norm."""

import mlx.core as mx
import mlx.nn as nn

from ...genesis.args import LayerKind, ModelArgs
from ..cache import AttentionCache, FoXCache, LayerCache, Texts, empty_layer
from .attention import GatedAttention
from .feed_forward import FeedForward
from .forgetting_attention import ForgettingAttention
from .forward_pass import ForwardPass
from .gated_linear_attention import GatedLinearAttention
from .norms import add_norm, make_norm

MIXERS = {
    "gla": GatedLinearAttention,
    "fox": ForgettingAttention,
    "attention": GatedAttention,
}


class Block(nn.Module):
    """x += mixer(norm(x)); x += ffn(norm(x)), for x [B, L, D].

    The last sum is left to the next norm, which makes one kernel of the two: the
    block takes and returns x and what is still to be added to it, None for nothing.
    Without a cache it begins at the first token and leaves nothing behind.
    """

    def __init__(self, args: ModelArgs, kind: LayerKind) -> None:
        super().__init__()
        self._kind = kind
        norm = (args.n_embd, args.norm_eps, args.use_zero_centered_norm)
        self.attn_norm = make_norm(*norm)
        self.attn = MIXERS[kind](args)
        self.ffn_norm = make_norm(*norm)
        self.ffn = FeedForward(args)

    def __call__(
        self,
        x: mx.array,
        delta: mx.array | None,
        cache: LayerCache | Texts[FoXCache] | Texts[AttentionCache] | None,
        forward: ForwardPass,
    ) -> tuple[mx.array, mx.array]:
        cache = empty_layer(self._kind) if cache is None else cache
        x, normed = add_norm(x, delta, self.attn_norm, forward.kernels)
        delta = self.attn(normed, cache, forward)
        x, normed = add_norm(x, delta, self.ffn_norm, forward.kernels)
        return x, self.ffn(normed, forward.kernels)
