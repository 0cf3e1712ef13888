"""The state of a forgetting attention layer: blocks that stay, and a tail."""

from dataclasses import dataclass, fields, replace
from typing import Self

import mlx.core as mx

from .arrays import Arrays
from .zeros import zeros

# Keys of a block. The tail, which is written anew with every token, has room for as
# many: fewer would be moved to the blocks, which are copied then, more often.
BLOCK = 64


@dataclass
class FoXCache:
    """Keys and values in whole blocks that nothing is added to, and a tail after them.

    MLX keeps what a kernel reads until that has run, so an array that decoding reads
    is never written in place. conv [B, 3, channels]. Of N blocks: keys [B, Hk, N
    BLOCK, Dh], values [B, H, N BLOCK, Dh] and decay [B, H, N BLOCK] float32, the sum
    of log forget gates from each key to the blocks' end; since [B, H] float32, the sum
    from there on. tail_keys [B, Hk, BLOCK, Dh], tail_values [B, H, BLOCK, Dh] and
    tail_decay [B, H, BLOCK] float32, whole sums; the first `filled` are there. None
    until the first token, or the first block.
    """

    conv: mx.array | None = None
    keys: mx.array | None = None
    values: mx.array | None = None
    decay: mx.array | None = None
    since: mx.array | None = None
    tail_keys: mx.array | None = None
    tail_values: mx.array | None = None
    tail_decay: mx.array | None = None
    filled: int = 0

    @property
    def settled(self) -> int:
        """Keys in blocks."""
        return 0 if self.keys is None else self.keys.shape[2]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.held().values())

    def held(self) -> Arrays:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v for k, v in found.items() if isinstance(v, mx.array)}

    def arrays(self) -> Arrays:
        """conv, and keys, values and decay of all tokens, as files hold them."""
        found = {} if self.conv is None else {"conv": self.conv}
        whole = self.whole()
        if whole is not None:
            found |= zip(("keys", "values", "decay"), whole, strict=True)
        return found

    def hold(self, arrays: Arrays) -> None:
        vars(self).update(arrays)

    def restore(self, arrays: Arrays) -> None:
        vars(self).update(vars(FoXCache(arrays.get("conv"))))
        if "keys" in arrays:
            self.settle(arrays["keys"], arrays["values"], arrays["decay"])

    def copy(self) -> Self:
        return replace(self)

    def whole(self) -> tuple[mx.array, mx.array, mx.array] | None:
        """keys [B, Hk, S, Dh], values [B, H, S, Dh], decay [B, H, S] of all tokens."""
        found = []
        for name in ("keys", "values", "decay"):
            tail, block = getattr(self, f"tail_{name}"), getattr(self, name)
            if tail is None:
                return None
            if block is not None and name == "decay" and self.filled:
                block = block + self.since[..., None]  # type: ignore[index]
            part = tail[:, :, : self.filled]
            if block is None:
                found.append(part)
            elif self.filled:
                found.append(mx.concatenate([block, part], axis=2))
            else:
                found.append(block)
        return found[0], found[1], found[2]

    def settle(self, keys: mx.array, values: mx.array, decay: mx.array) -> None:
        """Hold all tokens: [B, Hk, S, Dh], [B, H, S, Dh] and [B, H, S] as `whole`."""
        length = keys.shape[2]
        whole = length // BLOCK * BLOCK
        self.filled = length - whole
        self.since = zeros(decay.shape[:2], mx.float32)
        for name, array in (("keys", keys), ("values", values), ("decay", decay)):
            blocks = mx.contiguous(array[:, :, :whole]) if whole else None
            setattr(self, name, blocks)
            shape = (*array.shape[:2], BLOCK, *array.shape[3:])
            tail = zeros(shape, array.dtype)
            if self.filled:
                # A new array object; `zeros` stays what it is.
                tail = tail[...]
                tail[:, :, : self.filled] = array[:, :, whole:]
            setattr(self, f"tail_{name}", tail)

    def open(self, keys: tuple[int, ...], heads: int, dtype: mx.Dtype) -> None:
        """Before the first token: a tail for keys [B, Hk, Dh] and values of H heads."""
        batch, kv_heads, width = keys
        self.since = zeros((batch, heads), mx.float32)
        self.tail_keys = zeros((batch, kv_heads, BLOCK, width), dtype)
        self.tail_values = zeros((batch, heads, BLOCK, width), dtype)
        self.tail_decay = zeros((batch, heads, BLOCK), mx.float32)

    def follow(
        self,
        since: mx.array,
        tail_keys: mx.array,
        tail_values: mx.array,
        tail_decay: mx.array,
    ) -> None:
        """Take over a tail with one token more; `advance` counts it."""
        self.since, self.tail_keys = since, tail_keys
        self.tail_values, self.tail_decay = tail_values, tail_decay

    def advance(self, offset: int) -> None:
        """So many tokens have been read; a full tail becomes a block."""
        self.filled = offset - self.settled
        if self.filled == BLOCK:
            whole = self.whole()
            assert whole is not None
            self.settle(*whole)
