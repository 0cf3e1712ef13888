"""What every test runs under, and models shared between tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import reference


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs a reference that is not there."""
    if reference.add_to_path():
        return
    skip = pytest.mark.skip(
        reason="the reference is not installed: see CONTRIBUTING.md, GENESIS_REFERENCE"
    )
    for item in items:
        if item.get_closest_marker("reference"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def private_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A data directory of the test's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GENESIS_CHAT_HOME", str(home))
    for name in ("NO_COLOR", "FORCE_COLOR", "GENESIS_CHAT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    yield home
