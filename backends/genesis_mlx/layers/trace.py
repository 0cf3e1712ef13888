"""Where mixers leave what they do with each token, when somebody asks for it."""

from dataclasses import dataclass, field

import mlx.core as mx

from ..cache import FoXCache

Layers = list[mx.array]


@dataclass
class Trace:
    """Filled during one call, in the order of the blocks; nothing is computed for it.

    `log_decay` and `log_forget` hold [B, L, H] per layer; `decay`, where there are
    blocks, `since` and `tail_decay` what `FoXCache` holds by these names after the
    call; the other three [B, L] once, with test-time training only. All float32.
    """

    log_decay: Layers = field(default_factory=list)
    log_forget: Layers = field(default_factory=list)
    decay: Layers = field(default_factory=list)
    since: Layers = field(default_factory=list)
    tail_decay: Layers = field(default_factory=list)
    surprise: Layers = field(default_factory=list)
    confidence: Layers = field(default_factory=list)
    mix: Layers = field(default_factory=list)

    def forget(self, log_forget: mx.array, cache: FoXCache) -> None:
        """A layer's log forget gates, and its state after them."""
        self.log_forget.append(log_forget)
        for name in ("decay", "since", "tail_decay"):
            array = getattr(cache, name)
            if array is not None:
                getattr(self, name).append(array)
