"""mlx_lm's gated-delta and SSM kernels against their versions in array operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import mlx.core as mx
import pytest
from metal_emulator import Report, emulated, import_emulated

# What tests the tests may take long.
pytestmark = pytest.mark.slow

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

# Largest error of one rounding, relative to the largest value.
EPSILON = {mx.float32: 2e-6, mx.float16: 2**-10, mx.bfloat16: 2**-7}
DTYPES = [
    pytest.param(mx.float32, id="float32"),
    pytest.param(mx.bfloat16, id="bfloat16"),
]
STEP_LIMITS = (0.001, 100.0)


@pytest.fixture(scope="module")
def reports() -> Iterator[list[Report]]:
    with emulated() as all_reports:
        yield all_reports


@pytest.fixture(scope="module")
def gated_delta(reports: list[Report]) -> ModuleType:
    return import_emulated("mlx_lm.models.gated_delta")


@pytest.fixture(scope="module")
def ssm(reports: list[Report]) -> ModuleType:
    return import_emulated("mlx_lm.models.ssm")


def assert_close(actual: mx.array, expected: mx.array, epsilon: float) -> None:
    difference = mx.abs(actual.astype(mx.float32) - expected.astype(mx.float32))
    largest = mx.abs(expected.astype(mx.float32)).max()
    assert bool(difference.max() <= epsilon * largest)


@dataclass(frozen=True)
class Shape:
    """B sequences of T steps; Hk key heads of size Dk, Hv value heads of size Dv."""

    B: int
    T: int
    Hk: int
    Hv: int
    Dk: int
    Dv: int


def gated_delta_inputs(
    module: ModuleType, shape: Shape, dtype: mx.Dtype, *, gate_per_channel: bool = False
) -> tuple[mx.array, ...]:
    """q, k [B, T, Hk, Dk], v [B, T, Hv, Dv], g, beta [B, T, Hv], state [B, Hv, Dv, Dk].

    With `gate_per_channel`, g is [B, T, Hv, Dk].
    """
    s = shape
    mx.random.seed(0)
    q = mx.random.normal((s.B, s.T, s.Hk, s.Dk))
    k = mx.random.normal((s.B, s.T, s.Hk, s.Dk))
    q, k = module.normalize_qk(q, k, inv_scale=s.Dk**-0.5, eps=1e-6)
    v = mx.random.normal((s.B, s.T, s.Hv, s.Dv))
    gates = (s.B, s.T, s.Hv, s.Dk) if gate_per_channel else (s.B, s.T, s.Hv)
    g = mx.exp(-mx.random.uniform(0, 1, gates))
    beta = mx.sigmoid(mx.random.normal((s.B, s.T, s.Hv)))
    state = mx.random.normal((s.B, s.Hv, s.Dv, s.Dk))
    q, k, v, beta = (x.astype(dtype) for x in (q, k, v, beta))
    return q, k, v, g, beta, state


def check_gated_delta(
    module: ModuleType,
    run: Callable[..., tuple[mx.array, mx.array]],
    shape: Shape,
    dtype: mx.Dtype,
    *,
    gate_per_channel: bool = False,
    masked: bool = False,
) -> None:
    inputs = gated_delta_inputs(module, shape, dtype, gate_per_channel=gate_per_channel)
    mask = mx.random.uniform(0, 1, (shape.B, shape.T)) > 0.3 if masked else None
    y, state = run(*inputs, *(() if mask is None else (mask,)))
    reference = (x.astype(mx.float32) for x in inputs)
    expected_y, expected_state = module.gated_delta_ops(*reference, mask)
    if mask is not None:  # the kernel writes 0 where the step is masked
        expected_y = mx.where(mask[..., None, None], expected_y, 0)
    assert y.dtype == dtype
    assert_close(y, expected_y, EPSILON[dtype])
    assert_close(state, expected_state, 1e-6)


@pytest.mark.parametrize("dtype", [*DTYPES, pytest.param(mx.float16, id="float16")])
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(Shape(2, 16, 2, 4, 64, 32), id="batch"),
        pytest.param(Shape(1, 1, 1, 2, 128, 64), id="one-step"),
        pytest.param(Shape(1, 9, 2, 2, 96, 20), id="odd-sizes"),
    ],
)
def test_gated_delta_generic(
    gated_delta: ModuleType, shape: Shape, dtype: mx.Dtype
) -> None:
    run = gated_delta.gated_delta_kernel_unpacked
    check_gated_delta(gated_delta, run, shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("gate_per_channel", "masked"),
    [
        pytest.param(False, True, id="masked"),
        pytest.param(True, False, id="vectorised"),
        pytest.param(True, True, id="vectorised-masked"),
    ],
)
def test_gated_delta_variants(
    gated_delta: ModuleType, dtype: mx.Dtype, gate_per_channel: bool, masked: bool
) -> None:
    check_gated_delta(
        gated_delta,
        gated_delta.gated_delta_kernel,
        Shape(2, 12, 2, 4, 64, 32),
        dtype,
        gate_per_channel=gate_per_channel,
        masked=masked,
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_gated_delta_packed(
    gated_delta: ModuleType, reports: list[Report], dtype: mx.Dtype
) -> None:
    run = gated_delta.gated_delta_kernel
    check_gated_delta(gated_delta, run, Shape(1, 16, 2, 4, 128, 32), dtype)
    assert reports[-1].kernel == "gated_delta_step_packed_btree"


def test_gated_delta_packed_equals_explicit_tree_bit_for_bit(
    gated_delta: ModuleType,
) -> None:
    inputs = gated_delta_inputs(gated_delta, Shape(1, 8, 2, 4, 128, 32), mx.bfloat16)
    packed = gated_delta.gated_delta_kernel(*inputs)
    tree = gated_delta.gated_delta_kernel_xtree(*inputs)
    for a, b in zip(packed, tree, strict=True):
        assert mx.array_equal(a, b)


def test_masked_kernel_stores_the_same_value_from_all_lanes(
    gated_delta: ModuleType, reports: list[Report]
) -> None:
    inputs = gated_delta_inputs(gated_delta, Shape(1, 4, 1, 1, 64, 4), mx.float32)
    gated_delta.gated_delta_kernel(*inputs, mx.array([[True, False, True, False]]))
    assert any("two threads write y" in w for w in reports[-1].warnings)


def test_launcher_behind_guards_runs_on_the_emulator(
    gated_delta: ModuleType, reports: list[Report]
) -> None:
    shape = Shape(1, 4, 1, 2, 64, 32)
    q, k, v, _, beta, state = gated_delta_inputs(gated_delta, shape, mx.bfloat16)
    a = mx.random.normal((shape.B, shape.T, shape.Hv))
    A_log, dt_bias = mx.zeros((shape.Hv,)), mx.ones((shape.Hv,))
    before = len(reports)
    arguments = (q, k, v, a, beta, A_log, dt_bias, state)
    y, new_state = gated_delta.gated_delta_update(*arguments)
    assert len(reports) == before + 1  # mx.metal.is_available() and the device
    expected_y, expected_state = gated_delta.gated_delta_update(
        *(x.astype(mx.float32) for x in arguments), use_kernel=False
    )
    assert len(reports) == before + 1
    assert_close(y, expected_y, 2 * EPSILON[mx.bfloat16])
    assert_close(new_state, expected_state, 2 * EPSILON[mx.bfloat16])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("n", "heads", "head_dim", "groups", "state_dim"),
    [
        pytest.param(1, 4, 32, 2, 64, id="two-groups"),
        pytest.param(2, 8, 64, 1, 128, id="one-group"),
        pytest.param(1, 8, 16, 4, 32, id="small-heads"),
    ],
)
def test_ssm_update(
    ssm: ModuleType,
    dtype: mx.Dtype,
    n: int,
    heads: int,
    head_dim: int,
    groups: int,
    state_dim: int,
) -> None:
    mx.random.seed(1)
    x = mx.random.normal((n, 1, heads, head_dim)).astype(dtype)
    A_log = mx.random.normal((heads,))
    B = mx.random.normal((n, 1, groups, state_dim)).astype(dtype)
    C = mx.random.normal((n, 1, groups, state_dim)).astype(dtype)
    D = mx.random.normal((heads,))
    dt = mx.random.normal((n, 1, heads))
    dt_bias = mx.random.normal((heads,))
    state = mx.random.normal((n, heads, head_dim, state_dim))
    y, new_state = ssm.ssm_update_kernel(
        x, A_log, B, C, D, dt, dt_bias, state, STEP_LIMITS
    )
    x, B, C = (a.astype(mx.float32) for a in (x, B, C))
    expected_y, expected_state = ssm.ssm_attn(
        x, A_log, B, C, D, dt, dt_bias, state, STEP_LIMITS
    )
    assert y.dtype == dtype
    # Both sides round B * x and the sum over the state.
    assert_close(y, expected_y, 2 * EPSILON[dtype])
    assert_close(new_state, expected_state, 2e-6)
