"""Random inputs for operators."""

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
# Around the chunk length, one token, and a length no chunk divides.
LENGTHS = [1, 3, 63, 64, 65, 100, 257]


class Draw:
    """Random float32 arrays of one seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(self, *shape: int) -> Array:
        """Normally distributed values."""
        return self._rng.standard_normal(shape, dtype=np.float32)

    def gates(self, *shape: int, strongest: float = 8.0) -> Array:
        """Log gates from hardly forgetting to `-strongest`, as training leaves them."""
        exponents = self._rng.uniform(-4, np.log10(strongest), shape)
        return (-(10.0**exponents)).astype(np.float32)


def in_mlx(inputs: Mapping[str, Array]) -> dict[str, Any]:
    """The same arrays in MLX, as an operator takes them by its parameters' names."""
    return {name: mx.array(values) for name, values in inputs.items()}
