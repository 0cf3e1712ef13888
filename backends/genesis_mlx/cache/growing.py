"""An array that grows along one axis without moving at every token."""

import mlx.core as mx

STEP = 256
AXIS = 2


class GrowingArray:
    """Tokens appended along axis 2 of [B, heads, S, ...], S growing in steps.

    Updates are functional: an instance made by `copy` shares memory until one of
    the two is appended to.
    """

    def __init__(self, buffer: mx.array | None = None) -> None:
        self._buffer = buffer
        self.length = 0 if buffer is None else buffer.shape[AXIS]

    def append(self, x: mx.array) -> mx.array:
        """Add x [B, heads, L, ...] and return everything so far."""
        start = self.length
        self.length += x.shape[AXIS]
        if self._buffer is None or self.length > self._buffer.shape[AXIS]:
            self._grow(x, start)
        assert self._buffer is not None
        # A new array object, so that copies keep theirs; where nobody else holds the
        # buffer, MLX writes in place. At a fixed offset that is one dispatch, not two.
        buffer = self._buffer[...]
        buffer[:, :, start : self.length] = x
        self._buffer = buffer
        return self._buffer[:, :, : self.length]

    def value(self) -> mx.array | None:
        """Everything appended so far, or None."""
        if self._buffer is None:
            return None
        return self._buffer[:, :, : self.length]

    def copy(self) -> "GrowingArray":
        """An independent array with the same content."""
        other = GrowingArray()
        other._buffer, other.length = self._buffer, self.length
        return other

    def buffer(self) -> mx.array | None:
        """The memory held, which is longer than the content."""
        return self._buffer

    def _grow(self, x: mx.array, start: int) -> None:
        room = -(-self.length // STEP) * STEP - start
        empty = mx.zeros((*x.shape[:AXIS], room, *x.shape[AXIS + 1 :]), dtype=x.dtype)
        if self._buffer is None:
            self._buffer = empty
        else:
            old = self._buffer[:, :, :start]
            self._buffer = mx.concatenate([old, empty], axis=AXIS)
