"""What all layers share while a call's tokens go through them."""

from ..ops.rotary import Tables, rotary_tables
from .trace import Trace


class ForwardPass:
    """A call's tokens on their way through the layers.

    `offset` is the position of the first token, counted from 0 at the start of the
    conversation; `length` is the number of tokens. In `trace` the mixers leave what
    they do, if it is wanted. `kernels` names the Metal kernels to use, `delta_rule`
    the recurrence of GLA. Every layer shares the rotary tables.
    """

    def __init__(
        self,
        offset: int,
        length: int,
        trace: Trace | None = None,
        kernels: frozenset[str] = frozenset(),
        delta_rule: bool = False,
    ) -> None:
        self.offset, self.length, self.trace = offset, length, trace
        self.kernels, self.delta_rule = kernels, delta_rule
        self._tables: dict[int, Tables] = {}

    def rotary(self, width: int) -> Tables:
        """Tables for `width` rotated channels; see `rotary_tables`."""
        if width not in self._tables:
            self._tables[width] = rotary_tables(width, self.offset, self.length)
        return self._tables[width]
