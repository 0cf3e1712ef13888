"""A batch on several computers: processes on the loopback interface."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from terminal import COMMAND, call
from waiting import wait_until

from genesis_chat.batch.machines.machine import _same_model
from genesis_chat.errors import GenerationError

pytest.importorskip("mlx", reason="MLX is not installed")

TEXTS = ["Hello!", "What is 7 plus 8?", "Who are you?", "Thank you", "Goodbye"]
HERE = {"ssh": "127.0.0.1", "ips": ["127.0.0.1"]}


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps([HERE, HERE]), encoding="utf-8")
    return path


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    lines: list[Any] = [{"prompt": text} for text in TEXTS * 4]
    lines[3] = {"nothing": "to answer"}
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def answers(path: Path) -> list[Any]:
    """What does not depend on the moment."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [(each["key"], each.get("text"), each.get("error")) for each in lines]


def test_two_machines_answer_as_one(hosts: Path, prompts: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert call("batch", prompts, "-o", one, "--temp", "0").code == 1
    done = call("batch", prompts, "-o", two, "--temp", "0", "--machines", hosts)
    assert done.code == 1 and done.out == "", done.err
    assert "1 line could not be answered" in done.err
    assert answers(two) == answers(one)


def test_killed_it_goes_on(hosts: Path, prompts: Path, tmp_path: Path) -> None:
    out, arguments = tmp_path / "out.jsonl", ("--temp", "0", "--machines", str(hosts))
    command = [*COMMAND, "batch", str(prompts), "-o", str(out), *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        wait_until(lambda: out.exists() and out.stat().st_size > 0)
        process.send_signal(signal.SIGKILL)
    assert call("batch", prompts, "-o", out, *arguments).code < 2
    keys = [key for key, _, _ in answers(out)]
    assert len(keys) == len(set(keys)) == len(TEXTS) * 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not JSON"),
        ("[]", "names no machines"),
        ('[{"ssh": "a"}]', "names no machines"),
        ('["127.0.0.1"]', "names no machines"),
        (None, "cannot be read"),
    ],
)
def test_what_names_no_machines(
    content: str | None, words: str, prompts: Path, tmp_path: Path
) -> None:
    hosts, out = tmp_path / "other.json", tmp_path / "out.jsonl"
    if content is not None:
        hosts.write_text(content, encoding="utf-8")
    done = call("batch", prompts, "-o", out, "--machines", hosts)
    assert done.code == 2 and words in done.err
    assert not out.exists() or not out.read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_that_mlx_launch_cannot_read_is_told(
    encoding: str, prompts: Path, hosts: Path, tmp_path: Path
) -> None:
    hosts.write_bytes(hosts.read_text("utf-8").encode(encoding))
    done = call("batch", prompts, "-o", tmp_path / "out", "--machines", hosts)
    assert done.code == 2 and "UTF-8 without a byte order mark" in done.err
    hosts.unlink()
    os.mkfifo(hosts)
    done = call("batch", prompts, "-o", tmp_path / "out", "--machines", hosts)
    assert done.code == 2 and "no ordinary file" in done.err


def test_a_machine_that_fails_is_told(
    hosts: Path, prompts: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    done = call("batch", prompts, "-o", out, "--machines", hosts, "-m", "no/such")
    assert done.code == 1 and "no/such" in capfd.readouterr().err
    assert "A machine ended before all lines were answered" in done.err


def test_machines_with_another_model_are_told() -> None:
    class Two:
        rank, size = 0, 2

        def gather(self, data: bytes) -> list[bytes]:
            return [b"first " + b"0" * 64, b"second " + b"1" * 64]

    with pytest.raises(GenerationError, match="on second is another one than on first"):
        _same_model(Two(), "0" * 64)
