"""The emulator's own tests are skipped, with the reason, where it cannot run."""

import pytest
from metal_emulator import unavailable_reason


@pytest.fixture(autouse=True, scope="session")
def emulator() -> None:
    """Skip what needs an emulator where there is none, as on a Mac."""
    reason = unavailable_reason()
    if reason:
        pytest.skip(reason)
