"""What holds for every kernel: its grid, and what it shares with the others."""

from typing import Any
from unittest import mock

import mlx.core as mx
import pytest
from configurations import configuration
from emulation import (
    Mutation,
    assert_agree,
    assert_caught,
    emulator_only,
    needs_kernels,
    running,
)
from metal_emulator import EmulatorError

from backends.genesis_mlx import ModelArgs
from backends.genesis_mlx.self_check.cases import cases
from backends.mlx_base.kernels import KERNELS, Kernel
from backends.mlx_base.self_check import Cases

pytestmark = needs_kernels
# Kernels that share their columns or queries out between threadgroups.
DELTA = "gla_decode with delta rule"
ACROSS = {"gla_chunks", "delta_scan", "fox_blocks", "ttt_scan"}


@pytest.fixture(scope="module")
def runs() -> Cases:
    """Each kernel and its definition on the inputs of the self-check."""

    def found(**sizes: int) -> Cases:
        config = configuration("released-ratios", **sizes)
        args = ModelArgs.from_config(config, accept_unknown=True)
        return cases(args, mx.float32)

    # A width that takes every thread, two threadgroups of test-time training, and a
    # vocabulary that is not sorted at once.
    wide = found(n_embd=320, n_head=4, vocab_size=2100)
    names = ("ttt_scan", DELTA, "nucleus")
    return Cases({**found(), **{name: wide[name] for name in names}})


def check(runs: Cases, name: str) -> None:
    """A kernel agrees with its definition, and no two threads write the same."""
    with running() as reports:
        outputs = [*runs[name].kernel()]
    assert_agree(outputs, [*runs[name].definition()], "float32")
    assert not [warning for report in reports for warning in report.warnings]


def test_every_kernel_is_tried(runs: Cases) -> None:
    assert {name.partition(" ")[0] for name in runs} == KERNELS.keys()


@emulator_only
@pytest.mark.parametrize("name", sorted(KERNELS))
def test_wrong_grids_are_caught(name: str, runs: Cases) -> None:
    check(runs, name)
    right = Kernel.__call__
    shifts = [(0, 1, 0), (0, 0, 1), *([(-1, 0, 0)] if name in ACROSS else [])]
    for shift in shifts:

        def wrong(self: Kernel, *inputs: Any, **rest: Any) -> Any:
            groups = zip(rest["groups"], shift, strict=True)  # noqa: B023  # used at once
            return right(self, *inputs, **{**rest, "groups": tuple(map(sum, groups))})

        with (
            mock.patch.object(Kernel, "__call__", wrong),
            pytest.raises((AssertionError, EmulatorError)),
        ):
            check(runs, name)


BARRIER = "threadgroup_barrier(mem_flags::mem_threadgroup);"
SHARED = [
    Mutation("barrier before the write", f"{BARRIER}\n  if", "if"),
    Mutation("barrier after the write", f"}}\n  {BARRIER}", "}"),
    Mutation("flags of a barrier", "}\n  threadgroup_barrier(mem_flags::mem_threadgroup", "}\n  threadgroup_barrier(mem_flags::mem_device"),
    Mutation("missing reduction", "value = simd_sum(value);", ""),
    Mutation("every lane writes", "if (lane == 0) {", "{"),
    Mutation("last group", "i < groups; i++", "i + 1 < groups; i++"),
    Mutation("beyond the last group", "i < groups; i++", "i <= groups; i++"),
    Mutation("address space", "threadgroup float* scratch", "float* scratch"),
    Mutation("sigmoid", "metal::exp(-x)", "metal::exp(x)"),
    Mutation("softplus of the negative", "metal::max(x, 0.0f)", "x"),
    Mutation("not in Metal", "metal::log(u) * e / (u - 1.0f)", "metal::log1p(e)"),
]  # fmt: skip


@emulator_only
@pytest.mark.parametrize("mutation", SHARED, ids=lambda m: m.name)
def test_faults_of_what_kernels_share_are_caught(
    mutation: Mutation, runs: Cases
) -> None:
    def run() -> None:
        check(runs, DELTA)

    assert_caught("gla_decode", mutation, run, "header")
