"""Two processes on this computer, started as machines are: one with the whole batch."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slow import slow_after
from tolerances import TRAINING, max_difference
from trainees import decoder, genesis, run, same, settings, weights
from waiting import PATIENCE_SECONDS

PEER = Path(__file__).with_name("peer.py")
TESTS = PEER.parent.parent
CASES: dict[str, dict[str, Any]] = {
    # Batches of three cannot be halved, and their targets are unlike.
    "decoder": {"kind": "decoder", "gradient_accumulation": 2},
    # The second process has nothing to do.
    "one example at a time": {"kind": "decoder", "batch_size": 1, "steps": 3},
    "genesis": {"kind": "genesis", "steps": 3, "batch_tokens": 100},
}
pytestmark = pytest.mark.loopback


def launched(folder: Path, **asked: Any) -> None:
    """Run the peers under `mlx.launch`, with a file of hosts."""
    folder.mkdir(exist_ok=True)
    hosts = [{"ssh": "127.0.0.1", "ips": ["127.0.0.1"]} for _ in range(2)]
    file = folder / "hosts.json"
    file.write_text(json.dumps(hosts))
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ["PYTHONPATH"]])
    question = {"kind": "decoder", "stop": 99, "resume": False, "odd": None, **asked}
    command: Sequence[str] = [
        *(
            sys.executable,
            "-c",
            "from mlx._distributed_utils.launch import main; main()",
        ),
        *("--backend", "ring", "--hostfile", str(file), "--starting-port", str(port())),
        *("--python", sys.executable, "--env", f"PYTHONPATH={path}"),
        *(str(PEER), str(folder), json.dumps(question)),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    ) as launcher:
        try:
            said, _ = launcher.communicate(timeout=PATIENCE_SECONDS)
        except BaseException:
            # Not only itself, but what it has started.
            os.killpg(launcher.pid, signal.SIGKILL)
            raise
    # The launcher's code says nothing of a process that found no connection.
    answered = {each.name for each in folder.glob("*-[01].*")}
    assert launcher.returncode == 0 and len(answered) >= 2, said


def port() -> int:
    """The first of two that nobody uses, below those that systems give by themselves.

    Between this look and the launch any connection could be given one of those.
    """
    for first in random.sample(range(20_000, 32_000, 2), 100):
        with socket.socket() as one, socket.socket() as two, suppress(OSError):
            one.bind(("127.0.0.1", first))
            two.bind(("127.0.0.1", first + 1))
            return first
    raise OSError("no two ports in a row are free")


def told(folder: Path, rank: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / f"told-{rank}.json").read_text())
    return content


def arrays(folder: Path, rank: int) -> dict[str, Any]:
    with np.load(folder / f"weights-{rank}.npz") as held:
        return dict(held)


@pytest.mark.parametrize(
    "case",
    slow_after(1, ["decoder", "one example at a time", "genesis"]),
)
def test_as_one_with_the_whole_batch(case: str, tmp_path: Path) -> None:
    asked = dict(CASES[case])
    launched(tmp_path / "two", **asked)
    model: Any = genesis() if asked.pop("kind") == "genesis" else decoder()
    expected = run(model, tmp_path / "one", settings(**asked))
    found = told(tmp_path / "two", 0)
    for name in ("training", "validation"):
        losses = np.array(getattr(expected, f"{name}_losses"))
        assert max_difference(found[name], losses) <= TRAINING * losses[:, 1].max()
    for rank in (0, 1):
        both = arrays(tmp_path / "two", rank)
        for key, array in weights(model).items():
            scale = max(1.0, np.abs(array).max())
            assert max_difference(both[key], array) <= TRAINING * scale, key
    assert same(arrays(tmp_path / "two", 0), arrays(tmp_path / "two", 1))
    assert not (tmp_path / "two" / "machine-1").exists()


@pytest.mark.slow
def test_resumed_from_the_first_ones_folder(tmp_path: Path) -> None:
    """The second machine, which has no checkpoint, asked to stop."""
    launched(tmp_path / "whole", dropout=0.2, method="lora")
    launched(tmp_path / "parts", dropout=0.2, method="lora", stop=3)
    assert told(tmp_path / "parts", 0)["reason"] == "interrupted"
    assert told(tmp_path / "parts", 1)["step"] == 3
    launched(tmp_path / "parts", dropout=0.2, method="lora", resume=True)
    for rank in (0, 1):
        assert told(tmp_path / "parts", rank) == told(tmp_path / "whole", rank)
        whole = arrays(tmp_path / "whole", rank)
        assert same(arrays(tmp_path / "parts", rank), whole)


def test_a_problem_of_one_ends_both(tmp_path: Path) -> None:
    """Other settings on one machine, and no checkpoint where one is to be."""
    launched(tmp_path / "odd", odd=1)
    launched(tmp_path / "none", resume=True)
    for rank in (0, 1):
        odd = (tmp_path / "odd" / f"problem-{rank}.txt").read_text()
        assert "different settings, models or examples" in odd
    none = [(tmp_path / "none" / f"problem-{rank}.txt").read_text() for rank in (0, 1)]
    assert "There is no checkpoint in" in none[0]
    assert "failed on another machine" in none[1]
