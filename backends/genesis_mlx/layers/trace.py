"""Where mixers leave what they do with each token, when somebody asks for it."""

from dataclasses import dataclass, field

import mlx.core as mx


@dataclass
class Trace:
    """Filled during one call, in the order of the blocks; nothing is computed twice.

    `log_decay` and `log_forget` hold [B, L, H] per layer, `since` the sums of log
    forget gates of `FoXCache.forgotten`; the other three [B, L], with test-time
    training only. All float32.
    """

    log_decay: list[mx.array] = field(default_factory=list)
    log_forget: list[mx.array] = field(default_factory=list)
    since: list[mx.array] = field(default_factory=list)
    surprise: mx.array | None = None
    confidence: mx.array | None = None
    mix: mx.array | None = None
