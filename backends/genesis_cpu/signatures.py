"""The kinds of a kernel's arguments, for which it is compiled."""

from typing import Any

import numpy as np

# Bits of `ndarray.flags.num`: C order (1), F order (2), aligned, writeable. What is in
# C order may be in F order as well, which no code is made for.
_IN_ROWS, _OTHERS = 0x501, 0x503


def signature_of(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What of the arguments code depends on: types, dtypes, dimensions, layouts.

    Equal for two calls if the same code serves both. It is taken at each call, so an
    array is one number: its dtype's, its dimensions and its flags.
    """
    return tuple([_kind(each) for each in arguments])


def _kind(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        flags = value.flags.num
        flags &= _IN_ROWS if flags & 1 else _OTHERS
        return flags << 16 | value.ndim << 8 | value.dtype.num
    kind = type(value)
    if issubclass(kind, tuple):
        return kind.__module__, kind.__qualname__, signature_of(value)
    return kind.__name__
