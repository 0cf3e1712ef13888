"""mlx-lm's adapters, imported as the product does."""

from importlib.util import find_spec

import pytest


@pytest.fixture(scope="session", autouse=True)
def tuner(private_cache: object) -> None:
    """Before the first test looks at the process."""
    if find_spec("mlx_lm") is None:
        pytest.skip("mlx-lm is not installed")
    from backends.mlx_family import library

    library.tuner()
