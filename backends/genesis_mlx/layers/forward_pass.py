"""What all layers share while a call's tokens go through them."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import mlx.core as mx

from ..ops.rotary import Tables, rotary_tables, rotary_tables_of_texts
from .trace import Trace

# Kernels that take one position for all texts of a call.
OF_ONE_POSITION = frozenset({"gla_prepare", "ttt_scan", "confidence_mix"})


class Places(NamedTuple):
    """Where a token stands, as arrays: rotary tables, and `ForwardPass.slot` of 0 and
    of one other size."""

    tables: list[Tables]
    start: mx.array
    slot: mx.array


class ForwardPass:
    """A call's tokens on their way through the layers.

    `offset` is the position of the first token, counted from 0 at the start of the
    conversation; `length` is the number of tokens. In `trace` the mixers leave what
    they do, if it is wanted. `kernels` names the Metal kernels to use, `delta_rule`
    the recurrence of GLA. With `gradients` every parameter stays in what is computed,
    whatever its values are now; `placed` is a token `of_token`. Every layer shares the
    rotary tables. `texts` are the ways of several texts with a position each, see
    `side_by_side`; else there are none.
    """

    def __init__(
        self,
        offset: int,
        length: int,
        trace: Trace | None = None,
        kernels: frozenset[str] = frozenset(),
        delta_rule: bool = False,
        gradients: bool = False,
    ) -> None:
        self.offset, self.length, self.trace = offset, length, trace
        self.kernels, self.delta_rule = kernels, delta_rule
        self.gradients, self.placed = gradients, False
        self.texts: list[Self] = []
        self._tables: dict[int, Tables] = {}
        self._slots: dict[int, mx.array] = {}

    @classmethod
    def of_token(
        cls,
        places: Places,
        size: int,
        trace: Trace | None,
        kernels: frozenset[str],
        delta_rule: bool,
    ) -> Self:
        """A token whose position is only known as arrays; `offset` is 0."""
        made = cls(0, 1, trace, kernels, delta_rule)
        made.placed = True
        made._tables = {2 * table[0].shape[-1]: table for table in places.tables}
        made._slots = {0: places.start, size: places.slot}
        return made

    @classmethod
    def side_by_side(
        cls, offsets: Sequence[int], kernels: frozenset[str], delta_rule: bool
    ) -> Self:
        """One token of each of B texts, at these positions; `offset` is 0."""
        kernels = kernels - OF_ONE_POSITION
        made = cls(0, 1, None, kernels, delta_rule)
        made.texts = [cls(each, 1, None, kernels, delta_rule) for each in offsets]
        return made

    def places(self, widths: Sequence[int], size: int) -> Places:
        """All that changes from token to token, for `of_token`."""
        tables = [self.rotary(width) for width in widths]
        return Places(tables, self.start, self.slot(size))

    @property
    def start(self) -> mx.array:
        """`offset` as an int32 array [1], of several texts [B, 1]."""
        if self.texts and 0 not in self._slots:
            self._slots[0] = mx.array([[each.offset] for each in self.texts], mx.int32)
        return self.slot(0)

    def slot(self, size: int) -> mx.array:
        """`offset` modulo `size`, or itself for 0, as an int32 array [1]."""
        if size not in self._slots:
            value = self.offset % size if size else self.offset
            self._slots[size] = mx.array([value], mx.int32)
        return self._slots[size]

    def rotary(self, width: int) -> Tables:
        """Tables for `width` rotated channels; see `rotary_tables`.

        They are `rotary_tables_of_texts` of several texts.
        """
        if width not in self._tables and self.texts:
            offsets = [each.offset for each in self.texts]
            self._tables[width] = rotary_tables_of_texts(width, offsets)
        elif width not in self._tables:
            self._tables[width] = rotary_tables(width, self.offset, self.length)
        return self._tables[width]
