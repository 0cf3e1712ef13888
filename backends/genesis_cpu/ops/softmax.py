"""Scores to weights that add up to one."""

import numpy as np

from ..compiling import kernel
from .arithmetic import ONE, exp


@kernel
def softmax(scores, decay):
    """softmax(scores + decay) in place; an empty decay is none."""
    count = scores.shape[0]
    if decay.shape[0]:
        for j in range(count):
            scores[j] += decay[j]
    highest = scores[0]
    for j in range(count):
        highest = scores[j] if scores[j] > highest else highest
    total = np.float32(0)
    for j in range(count):
        scores[j] = exp(scores[j] - highest)
        total += scores[j]
    scale = ONE / total
    for j in range(count):
        scores[j] *= scale
