"""An array that grows along one axis without moving at every token."""

import mlx.core as mx

STEP = 256
AXIS = 2


class GrowingArray:
    """Tokens appended along axis 2 of [B, heads, S, ...], S growing in steps.

    Updates are functional: an instance made by `copy` shares memory until one of
    the two is appended to.
    """

    def __init__(
        self, buffer: mx.array | None = None, length: int | None = None
    ) -> None:
        self._buffer = buffer
        if length is None:
            length = 0 if buffer is None else buffer.shape[AXIS]
        self.length = length

    def append(self, x: mx.array) -> mx.array:
        """Add x [B, heads, L, ...] and return everything so far."""
        start = self.length
        self.length += x.shape[AXIS]
        if self._buffer is None:
            room = -(-self.length // STEP) * STEP
            shape = (*x.shape[:AXIS], room, *x.shape[AXIS + 1 :])
            self._buffer = mx.zeros(shape, dtype=x.dtype)
        elif self.length > self._buffer.shape[AXIS]:
            self._grow(start, self.length)
        assert self._buffer is not None
        # A new array object, so that copies keep theirs; where nobody else holds the
        # buffer, MLX writes in place. At a fixed offset that is one dispatch, not two.
        buffer = self._buffer[...]
        buffer[:, :, start : self.length] = x
        self._buffer = buffer
        return self._buffer[:, :, : self.length]

    def put(self, x: mx.array, place: mx.array) -> tuple[mx.array, mx.array]:
        """Set one token x [B, heads, 1, ...] at a place [1] that there is room for.

        Returns everything with the room, and which of it is up to that place [room]
        bool; `reach` counts it.
        """
        assert self._buffer is not None
        places = mx.arange(self._buffer.shape[AXIS])
        here = (places == place).reshape(-1, *(1 for _ in x.shape[AXIS + 1 :]))
        self._buffer = mx.where(here, x, self._buffer)
        return self._buffer, places <= place

    def reach(self, length: int) -> None:
        """So much of it has been filled; there is room for a token more then."""
        self.length = length
        if self._buffer is not None and length == self._buffer.shape[AXIS]:
            self._grow(length, length + 1)

    def value(self) -> mx.array | None:
        """Everything appended so far, or None."""
        if self._buffer is None:
            return None
        return self._buffer[:, :, : self.length]

    def copy(self) -> "GrowingArray":
        """An independent array with the same content."""
        return GrowingArray(self._buffer, self.length)

    def buffer(self) -> mx.array | None:
        """The memory held, which is longer than the content."""
        return self._buffer

    def _grow(self, filled: int, length: int) -> None:
        """Have room for so many, by whole steps; what is filled stays."""
        assert self._buffer is not None
        shape = list(self._buffer.shape)
        shape[AXIS] = -(-length // STEP) * STEP - filled
        empty = mx.zeros(shape, dtype=self._buffer.dtype)
        old = self._buffer[:, :, :filled]
        self._buffer = mx.concatenate([old, empty], axis=AXIS)
