"""The Genesis model."""

from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from ..errors import TokenError
from ..genesis.args import ModelArgs
from ..mlx_base import kernels
from ..mlx_base.device import DTYPES, on_metal
from .cache import Cache, JoinedCache
from .layers import Block, Metacognition, make_norm
from .layers.forward_pass import ForwardPass
from .layers.trace import Trace


class Model(nn.Module):
    """A hybrid language model: GLA and FoX blocks, test-time training on top.

    Calling it gives logits; `make_cache` gives the state to carry between calls.
    Attribute `args` is its configuration; with `delta_rule` its gated linear
    attention follows the gated delta rule, which the reference never generates with.
    """

    def __init__(self, args: ModelArgs, *, delta_rule: bool = False) -> None:
        super().__init__()
        self.args, self.delta_rule = args, delta_rule
        self.tok_emb = nn.Embedding(args.vocab_size, args.n_embd)
        self.blocks = [Block(args, kind) for kind in args.layer_kinds]
        if args.use_ttt:
            self.metacognition = Metacognition(args)
        self.ln_f = make_norm(args.n_embd, args.norm_eps, args.use_zero_centered_norm)
        if not args.tie_word_embeddings:
            self.lm_head = nn.Linear(args.n_embd, args.vocab_size, bias=False)

    def __call__(self, ids: mx.array, cache: Cache | None = None) -> mx.array:
        """Logits [B, L, V] of token ids [B, L].

        Without a cache this is the full forward with test-time training. With one,
        the ids continue what it has read; any split of a text into calls gives the
        same logits. Raises `TokenError` for ids that are not integers [B, L] inside
        the vocabulary, or of another batch than the cache's.
        """
        self._check_ids(ids, cache)
        if cache is None:
            cache = self.make_cache()
        return self.logits(self.features(ids, cache))

    def features(
        self, ids: mx.array, cache: Cache, trace: Trace | None = None
    ) -> mx.array:
        """Last hidden vectors [B, L, D] of token ids [B, L], which are not checked.

        The mixers leave in `trace` what they do, without computing anything again.
        If an exception ends it, Ctrl-C included, the cache is as it was before.
        """
        before = cache.copy()
        forward = ForwardPass(
            cache.offset, ids.shape[1], trace, kernels.chosen(), self.delta_rule
        )
        try:
            x = self.hidden(ids, cache, forward)
            cache.advance(ids.shape[1])
        except BaseException:
            cache.layers, cache.ttt = before.layers, before.ttt
            cache.offset = before.offset
            raise
        return x

    def hidden(
        self, ids: mx.array, cache: Cache | JoinedCache, forward: ForwardPass
    ) -> mx.array:
        """What `features` gives; counts no tokens, and may leave a cache half done."""
        x: mx.array = self.tok_emb(ids)
        delta = None
        for block, layer in zip(self.blocks, cache.layers, strict=True):
            x, delta = block(x, delta, layer, forward)
        x = x if delta is None else x + delta
        if cache.ttt is not None:
            x = self.metacognition(x, cache.ttt, forward)
        return x

    def logits(self, x: mx.array) -> mx.array:
        """Logits [..., V] of hidden vectors [..., D]."""
        x = self.ln_f(x) * self.args.output_scale
        head = self.tok_emb.as_linear if self.args.tie_word_embeddings else self.lm_head
        logits: mx.array = head(x)
        return logits

    def make_cache(self, ttt: bool = True) -> Cache:
        """An empty cache; `ttt=False` is the reference's cached generation."""
        return Cache.empty(self.args, ttt, self.delta_rule)

    def load_cache(self, path: Path | str) -> Cache:
        """Read a cache saved for this model. Raises `CacheError`."""
        return Cache.restore(path, self.args, self.delta_rule, DTYPES[self.dtype])

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in memory."""
        return sum(array.nbytes for _, array in self._weights())

    @property
    def device(self) -> str:
        """Where it runs: `Metal` or `CPU`."""
        return "Metal" if on_metal() else "CPU"

    @property
    def dtype(self) -> str:
        """Name of the dtype the model computes in, such as `float32`."""
        gains = [array for name, array in self._weights() if name.startswith("ln_f.")]
        return str(gains[0].dtype).removeprefix("mlx.core.")

    def _check_ids(self, ids: mx.array, cache: Cache | None) -> None:
        if ids.ndim != 2 or 0 in ids.shape or not mx.issubdtype(ids.dtype, mx.integer):
            raise TokenError(
                f"Token ids must be integers [batch, tokens] and not empty, not "
                f"{ids.dtype} {list(ids.shape)}."
            )
        if cache is not None and cache.batch not in (None, ids.shape[0]):
            raise TokenError(
                f"The cache has read {cache.batch} texts side by side, not "
                f"{ids.shape[0]}."
            )
        low, high = ids.min().item(), ids.max().item()
        if not 0 <= low <= high < self.args.vocab_size:  # type: ignore[operator]
            raise TokenError(
                f"A token id is outside the vocabulary of {self.args.vocab_size}: "
                f"they run from {low} to {high}."
            )

    def _weights(self) -> list[tuple[str, mx.array]]:
        weights = tree_flatten(self.parameters())
        assert isinstance(weights, list)
        return weights
