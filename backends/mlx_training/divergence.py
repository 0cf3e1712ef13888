"""Telling a run that has gone astray from one that is only noisy."""

import math

# The loss is smoothed over about ten steps.
MEMORY = 0.9
# Nats above the lowest: a model that guesses among three times e as many words.
HIGH = 2.0
LONGEST_WAIT, SHORTEST_WAIT = 50, 10


class Divergence:
    """Watches the losses of a run of so many steps.

    `suspected` tells that the loss is far above the lowest so far; when it has been so
    for a twentieth of the run, at least 10 and at most 50 steps, it has diverged.
    """

    def __init__(self, steps: int) -> None:
        self._patience = min(LONGEST_WAIT, max(SHORTEST_WAIT, steps // 20))
        self._smooth = self._lowest = math.inf
        self._high = 0

    @property
    def suspected(self) -> bool:
        """Whether the weights of now had better not replace those of before."""
        return self._high > 0

    @property
    def certain(self) -> bool:
        """Whether there is no use in going on."""
        return self._high >= self._patience

    def see(self, loss: float) -> None:
        """Take a step's loss into account."""
        if math.isinf(self._smooth):
            self._smooth = loss
        self._smooth = MEMORY * self._smooth + (1 - MEMORY) * loss
        self._lowest = min(self._lowest, self._smooth)
        self._high = self._high + 1 if self._smooth > self._lowest + HIGH else 0
