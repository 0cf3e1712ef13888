"""How a kernel is to be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Triple = tuple[int, int, int]

Scalar = bool | int | float

REDUCTION_ORDERS = {"butterfly": 0, "sequential": 1, "halving": 2}


@dataclass(frozen=True)
class Options:
    """How strictly and in which variant the emulator runs a kernel."""

    #: Check the text for rules of Metal that clang does not enforce.
    lint: bool = True
    #: Let SIMD-group functions run with the lanes that are there. Metal defines
    #: most of them so, but a kernel that does it unintentionally is wrong.
    allow_divergent_simd: bool = False
    #: Let SIMD-group functions order memory accesses like a simdgroup_barrier.
    #: Metal does not promise that; some kernels rely on it.
    simd_ops_order_memory: bool = False
    #: Order in which simd_sum and the like combine lanes; Metal leaves it open.
    simd_reduction_order: Literal["butterfly", "sequential", "halving"] = "butterfly"
    #: Moves results of fast:: functions by up to four times so many units in the
    #: last place, at random.
    fast_math_ulps: int = 0
    #: clang's -ffp-contract: "on" fuses within an expression, as Apple's compiler.
    fp_contract: Literal["on", "off", "fast"] = "on"
    #: Flush float32 denormals to zero, as Apple compiles MLX's own kernels.
    flush_denormals: bool = True
    #: Bytes of threadgroup variables per threadgroup; Apple GPUs have 32 KiB.
    threadgroup_memory_limit: int = 32768
    #: Fail if an output element stays unwritten (outputs with init_value may).
    require_written_outputs: bool = True
    #: Seconds a dispatch may take before it counts as an endless loop.
    time_limit: float = 60.0
