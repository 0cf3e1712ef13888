"""Kernels of a few lines, with one input and one output."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
from metal_emulator import (
    Report,
    run_kernel,
)

THREADS = 64


def values(array: mx.array) -> list[Any]:
    return list(np.array(array))


def run(
    source: str,
    x: mx.array | None = None,
    *,
    threads: int = THREADS,
    threadgroup: int = THREADS,
    shape: tuple[int, ...] = (THREADS,),
    dtype: mx.Dtype = mx.float32,
    **arguments: Any,
) -> tuple[mx.array, Report]:
    """One input x (0, 1, 2... if not given), one output y."""
    x = mx.arange(THREADS, dtype=mx.float32) if x is None else x
    outputs, report = run_kernel(
        name="test",
        source="uint i = thread_position_in_grid.x;\n" + source,
        input_names=["x"],
        output_names=["y"],
        inputs=[x],
        grid=(threads, 1, 1),
        threadgroup=(threadgroup, 1, 1),
        output_shapes=[shape],
        output_dtypes=[dtype],
        **arguments,
    )
    return outputs[0], report
