"""The system's OpenBLAS in place of the reference BLAS of MLX's Linux wheel."""

import sys
from textwrap import dedent

import pytest
from terminal import Result, run
from tolerances import OPERATOR

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="MLX brings its own BLAS elsewhere"
)


def python(script: str) -> Result:
    return run(command=(sys.executable, "-c", dedent(script)))


@pytest.mark.parametrize(
    "package", ["backends.genesis_mlx", "backends.mlx_training.training"]
)
def test_it_is_loaded_before_mlx(package: str) -> None:
    """Afterwards its functions would take nothing's place."""
    result = python(f"""
        import ctypes, sys
        real, seen = ctypes.CDLL, []
        class Recorded(real):
            def __init__(self, name, *arguments, **options):
                if name and "openblas" in str(name):
                    seen.append("mlx.core" in sys.modules)
                super().__init__(name, *arguments, **options)
        ctypes.CDLL = Recorded
        import {package}
        assert seen and not any(seen), seen
        assert "mlx.core" in sys.modules
    """)
    assert result.code == 0, result.err


@pytest.mark.parametrize("there", [False, True])
def test_there_or_not_products_are_right(there: bool) -> None:
    """Sizes that BLAS treats differently, a transposed matrix and a vector."""
    result = python(f"""
        import ctypes
        if not {there}:
            class Absent(ctypes.CDLL):
                def __init__(self, *arguments, **options):
                    raise OSError("no such library")
            ctypes.CDLL = Absent
        import os
        before = dict(os.environ)
        from backends.genesis_mlx import HAS_OPENBLAS
        from backends.mlx_base.blas import blas_advice, blas_in_use
        assert dict(os.environ) == before
        assert ("OpenBLAS" in blas_in_use()) is HAS_OPENBLAS, blas_in_use()
        assert ("OpenBLAS" in blas_advice()) is not HAS_OPENBLAS
        import mlx.core as mx
        import numpy as np
        if {there} and not HAS_OPENBLAS:
            raise SystemExit("absent")
        assert HAS_OPENBLAS is {there}
        rng = np.random.default_rng(1)
        for rows in (1, 3, 65):
            x = rng.standard_normal((rows, 576), np.float32)
            w = rng.standard_normal((1440, 576), np.float32)
            found = np.asarray(mx.array(x) @ mx.array(w).T)
            exact = x.astype(np.float64) @ w.T.astype(np.float64)
            assert np.abs(found - exact).max() < {OPERATOR} * np.abs(exact).max()
    """)
    if result.err.strip() == "absent":
        pytest.skip("no OpenBLAS is installed")
    assert result.code == 0, result.err
