"""mlx-lm's tuner, which changes the process when it is imported."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def tuner(private_cache: object) -> None:
    """Imported before the first test looks at the process."""
    pytest.importorskip("mlx_lm.tuner.utils", reason="mlx-lm is not installed")
