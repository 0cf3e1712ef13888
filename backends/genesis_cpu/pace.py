"""Whether two threads are faster than one, of which only trying tells."""

# Tokens of a trial; the first of them, while a thread may have to wake, do not count.
TRIAL, WAKING = 6, 2
# Tokens from a trial to the next, fewest and most.
SOONEST, LATEST = 32, 512
# How much of a mean the latest token is.
WEIGHT = 0.2


class Pace:
    """Chooses for every token, by the time that such ones have taken lately.

    On a computer that is busy otherwise a second thread takes time from the first.
    """

    def __init__(self) -> None:
        self._seconds: dict[bool, float] = {}
        self._better = self._trying = True
        self._left, self._interval = TRIAL, SOONEST

    def together(self) -> bool:
        """Whether two threads are to do the next token."""
        return self._trying

    def took(self, seconds: float) -> None:
        """The token that `together` was asked for has taken so long."""
        self._left -= 1
        on_trial = self._trying != self._better or len(self._seconds) < 2
        if not (on_trial and self._left >= TRIAL - WAKING):
            before = self._seconds.get(self._trying, seconds)
            self._seconds[self._trying] = before + WEIGHT * (seconds - before)
        if self._left > 0:
            return
        if not on_trial or len(self._seconds) < 2:
            self._trying, self._left = not self._trying, TRIAL
            return
        better = self._seconds[True] <= self._seconds[False]
        same = better == self._better
        self._interval = min(2 * self._interval, LATEST) if same else SOONEST
        self._better = self._trying = better
        self._left = self._interval
