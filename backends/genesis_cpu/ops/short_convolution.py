"""Short convolution: each channel mixed with its last few inputs."""

import numpy as np

from ..compiling import kernel
from .arithmetic import silu


@kernel
def short_convolution(p, start, taps, state, silu_from):
    """Causal depthwise convolution in place, then SiLU.

    Args:
        p: rows [L, n] whose columns from `start` on are the channels.
        start: first channel's column.
        taps: oldest first [W, channels].
        state: the W - 1 inputs before the first row [W - 1, channels]; updated.
        silu_from: first channel that SiLU is applied to.
    """
    length = p.shape[0]
    size, channels = taps.shape
    before = size - 1
    saved = np.empty((before, channels), np.float32)
    for w in range(before):
        t = length - before + w
        source = p[t, start : start + channels] if t >= 0 else state[length + w]
        for c in range(channels):
            saved[w, c] = source[c]
    # Backwards, since a row is an input of the rows after it.
    for back in range(length):
        t = length - 1 - back
        row = p[t, start : start + channels]
        tap = taps[before]
        for c in range(channels):
            row[c] *= tap[c]
        for w in range(before):
            s = t - before + w
            tap = taps[w]
            source = p[s, start : start + channels] if s >= 0 else state[s + before]
            for c in range(channels):
                row[c] += source[c] * tap[c]
        # A loop that does not begin at 0 is not turned into vectors.
        rest = row[silu_from:]
        for c in range(rest.shape[0]):
            rest[c] = silu(rest[c])
    # Assigning whole arrays takes seconds to compile.
    for w in range(before):
        for c in range(channels):
            state[w, c] = saved[w, c]
