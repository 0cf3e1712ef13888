"""The gate on a mixer's outputs, with the norm of its heads."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, sigmoid, silu


@kernel
def gate_output(out, p, start, heads, gain, eps):
    """Gate a mixer's outputs [L, heads * width] in place.

    The gates are columns of p from `start` on: with a gain [width], heads are
    normalised by their root mean square and gated by SiLU; without, by a sigmoid.
    """
    width = out.shape[1] // heads
    for t in range(out.shape[0]):
        for h in range(heads):
            o = out[t, h * width : (h + 1) * width]
            g = p[t, start + h * width : start + (h + 1) * width]
            if gain.shape[0] == 0:
                for i in range(width):
                    o[i] *= sigmoid(g[i])
                continue
            total = np.float32(0)
            for i in range(width):
                total += o[i] * o[i]
            scale = ONE / np.sqrt(total / np.float32(width) + np.float32(eps))
            for i in range(width):
                o[i] *= scale * gain[i] * silu(g[i])
