"""Keys and values that attention keeps."""

from ..compiling import kernel
from .key_rows import keep


@kernel
def store(p, start, room, position):
    """Put a token's heads into their place in [heads, room, Dh]."""
    heads, _, width = room.shape
    for h in range(heads):
        for i in range(width):
            keep(room[h, position], i, p[0, start + h * width + i])
