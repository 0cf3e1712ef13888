"""Arrays of a state, by name."""

import mlx.core as mx

Arrays = dict[str, mx.array]
