"""Programs that are started, listened to and ended, with what they have started."""

import os
import signal
import sys
from pathlib import Path

import pytest
from waiting import wait_until

from genesis_chat.engine import child_process
from genesis_chat.engine.child_process import PIPE, ChildProcess

# Takes no hint; so does what it has started, which tells its own id.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    print(child, flush=True)
while True:
    time.sleep(60)
"""
ECHO = """
import sys
for line in sys.stdin:
    print(line.strip()[::-1], flush=True)
    print(f"heard {line.strip()}", file=sys.stderr, flush=True)
    if line == "stop\\n":
        sys.exit(3)
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def is_there(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_it_is_heard_until_it_ends() -> None:
    with ChildProcess(python(ECHO), errors=PIPE) as process:
        lines = process.lines(0.05)
        assert next(lines) is None and process.code is None
        process.send(b"xyz\nstop\n")
        assert [line for line in lines if line is not None] == [b"zyx\n", b"pots\n"]
        assert process.wait() == process.code == 3
        assert process.last_line() == "heard stop"
        assert list(process.said) == [b"heard xyz\n", b"heard stop\n"]


def test_what_it_says_besides_may_go_into_a_file(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        process = ChildProcess(python(ECHO), errors=log)
        with process:
            process.send(b"stop\n")
            assert process.wait() == 3
    assert (tmp_path / "log").read_text() == "heard stop\n"
    assert process.last_line() == ""


def test_nothing_can_be_sent_to_one_that_has_gone() -> None:
    with ChildProcess(python("")) as process:
        assert process.wait() == 0
        with pytest.raises(BrokenPipeError):
            process.send(b"x")


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_what_it_has_started_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "ENDING_SECONDS", 0.05)
    with ChildProcess(python(STUBBORN)) as process:
        child = int(next(line for line in process.lines(1) if line))
        assert os.getsid(process.pid) == process.pid == os.getsid(child)
    assert process.code == -signal.SIGKILL
    wait_until(lambda: not is_there(child))


def test_without_a_session_it_is_ended_alone() -> None:
    script = "import time; print(flush=True); time.sleep(600)"
    with ChildProcess(python(script), session=False) as process:
        next(line for line in process.lines(1) if line)
        assert os.getsid(process.pid) == os.getsid(0)
    assert process.code == -signal.SIGTERM


def test_it_finds_our_modules_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "beside.py").touch()
    (tmp_path / "given.py").write_text(
        "import beside, genesis_chat\nprint(genesis_chat.__file__)\n"
    )
    with ChildProcess(child_process.module_command("given")) as process:
        (line,) = (line for line in process.lines(1) if line)
    assert Path(line.decode().strip()).parents[1] == child_process.ROOT
