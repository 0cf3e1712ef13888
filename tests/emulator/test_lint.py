"""What the lint lets pass."""

from __future__ import annotations

import pytest
from metal_emulator import (
    LintError,
    Options,
    lint,
)
from short_kernel import run

# What tests the tests may take long.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "body",
    [
        "for (int i = 0; i < n; ++i) { float a = b * c; T x = static_cast<T>(a * B); }",
        "const device float* p = x; threadgroup float* q = a; thread float& r = s;",
        "auto p = x + 1; auto* q = &x[2]; float y = (a) * (b), z = M * N;",
        "float device_scale = 1.0f; int kernel_size = 3; // double, std::vector",
        "for (uint i = 0; i < Dk; i += 32) { s[i] = T(A[i] * B[i]); foo(A * B, C); }",
        "y[i] = *(const device float*)(p) + *reinterpret_cast<device T*>(q) + (A * b);",
    ],
)
def test_lint_accepts_in_a_body(body: str) -> None:
    assert (
        lint(f"[[kernel]] void k(device float* y [[buffer(0)]]) {{\n{body}\n}}") == []
    )


@pytest.mark.parametrize(
    "header",
    [
        "constant float table[2] = {1, 2}; static constant constexpr int k = 3;",
        "template <typename T> float f(const device T* p) { return g(p[0] * 2); }",
        "struct Pair { float a; float b; }; using P = Pair; typedef float F;",
    ],
)
def test_lint_accepts_in_a_header(header: str) -> None:
    assert lint(header) == []


def test_lint_can_be_switched_off() -> None:
    source = "auto f = [&](uint k) { return x[k]; }; y[i] = f(i);"
    with pytest.raises(LintError):
        run(source)
    run(source, options=Options(lint=False))
