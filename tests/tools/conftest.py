"""mlx-lm's tools in processes of their own, since they import transformers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlx_lm_tools import Peer, Tool
from terminal import Result, run
from waiting import PATIENCE_SECONDS

PEER = Path(__file__).with_name("peer.py")


@pytest.fixture(scope="session")
def tools_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders that the tests of the tools share."""
    folder = tmp_path_factory.mktemp("tools")
    return {
        "GENESIS_CHAT_HOME": str(folder / "home"),
        "GENESIS_CHAT_CACHE": str(folder / "cache"),
        "HF_HUB_OFFLINE": "1",
    }


@pytest.fixture(scope="session")
def tool(tools_home: dict[str, str]) -> Tool:
    """Run one of mlx-lm's tools as a person does."""

    def run_one(*arguments: str | Path, stdin: str = "") -> Result:
        return run("mlx-lm", *arguments, stdin=stdin, env=tools_home)

    return run_one


@pytest.fixture(scope="session")
def peer() -> Peer:
    """What mlx-lm itself says of a folder; see `peer.py`."""

    def ask(folder: Path, **questions: Any) -> Any:
        done = subprocess.run(
            [sys.executable, "-P", str(PEER)],
            input=json.dumps({"folder": str(folder), **questions}),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return ask
