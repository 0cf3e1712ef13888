"""Killed, full or forbidden: a model is there whole, or it is not there."""

import errno
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from slow import slow, slow_after

from converters import (
    ConversionError,
    DestinationExistsError,
    convert,
    read_manifest,
    verify,
)

# Imports everything once and forks a child for each kill, before MLX has threads.
# Arguments: checkpoint, tokenizer, destination, number of kills, seed.
KILLER = """
import os, random, signal, sys, time
from pathlib import Path
import numpy, safetensors.numpy, tokenizers, filelock
import converters.conversion, converters.tokenization.neox
from converters import ConversionError, convert, verify

checkpoint, tokenizer, destination, kills, seed = sys.argv[1:]
destination = Path(destination)

def child(bits):
    pid = os.fork()
    if pid:
        return pid
    try:
        convert(checkpoint, destination, tokenizer=tokenizer, quantize=bits,
                replace=True)
    finally:
        os._exit(0)

def state():
    if not destination.exists():
        return "none"
    problems = verify(destination)
    assert problems == [], problems
    return "whole"

def timed_conversion():
    start = time.perf_counter()
    os.waitpid(child(None), 0)
    taken = time.perf_counter() - start
    assert state() == "whole"
    return taken

rng = random.Random(int(seed))
killed = 0
seen = set()
while killed < int(kills):
    # Over nothing and over a model by turns. Timed anew for each pair: a conversion
    # that was timed on a busy machine would be over before most of the kills.
    if killed % 2:
        converters.storage.shutil.rmtree(destination, ignore_errors=True)
    elif not destination.exists():
        limit = 1.1 * timed_conversion()
    pid = child(rng.choice([None, 4, 8]))
    time.sleep(rng.uniform(0, limit))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    killed += os.WIFSIGNALED(status)
    seen.add(state())
os.waitpid(child(4), 0)
assert state() == "whole"
print(*sorted(seen), *sorted(os.listdir(destination.parent)))
"""

# A child for each line of its input kills itself at that call of a file-system
# function: a kill at a random time rarely hits the moments between renames.
SUICIDE = """
import os, signal, sys
import numpy, safetensors.numpy, tokenizers, filelock
import converters.conversion, converters.storage, converters.tokenization.neox
from converters import convert

checkpoint, tokenizer, destination = sys.argv[1:]
calls = 0

def counted(call):
    def run(*args, **kwargs):
        global calls
        if calls == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
        return call(*args, **kwargs)
    return run

for line in sys.stdin:
    fatal = int(line)
    if not (pid := os.fork()):
        for name in ("mkdir", "rename", "fsync", "rmdir", "unlink"):
            setattr(os, name, counted(getattr(os, name)))
        code = 1
        try:
            convert(checkpoint, destination, tokenizer=tokenizer, quantize=8,
                    replace=True)
            code = 0
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture
def suicide(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> Iterator[Callable[[int], int]]:
    """Starts a conversion that kills itself at a step; its exit code."""
    arguments = (checkpoint, tokenizer_file, tmp_path / "models" / "m")
    with subprocess.Popen(
        [sys.executable, "-c", SUICIDE, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        asked, told = process.stdin, process.stdout

        def run(step: int) -> int:
            print(step, file=asked, flush=True)
            return int(told.readline())

        yield run
        asked.close()


def python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("kills", [20, slow(100)])
def test_kills_at_random_times(
    kills: int, checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    result = python(KILLER, checkpoint, tokenizer_file, models / "m", kills, 1)
    assert result.returncode == 0, result.stderr
    # The next conversion has cleaned up after all of them.
    assert result.stdout.split() == ["none", "whole", "m"]


@pytest.mark.parametrize("existing", [False, True])
def test_kills_at_every_step(
    existing: bool,
    suicide: Callable[[int], int],
    checkpoint: Path,
    tokenizer_file: Path,
    tmp_path: Path,
) -> None:
    models = tmp_path / "models"
    states = []
    for step in range(100):
        shutil.rmtree(models, ignore_errors=True)
        if existing:
            convert(checkpoint, models / "m", tokenizer=tokenizer_file)
        code = suicide(step)
        if (models / "m").exists():
            assert verify(models / "m") == []
            states.append(read_manifest(models / "m").quantization or "old")
        else:
            states.append("none")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        # What the next conversion finds, to another name or to this one.
        convert(checkpoint, models / "other", tokenizer=tokenizer_file)
        if existing:
            assert verify(models / "m") == []
        assert sorted(os.listdir(models)) == (
            ["m", "other"] if (models / "m").exists() else ["other"]
        )
        if not existing and states[-1] == "none":
            convert(checkpoint, models / "m", tokenizer=tokenizer_file)
    assert code == 0
    assert len(states) > 8
    assert states[-1] == 8
    assert set(states) == ({"old", "none", 8} if existing else {"none", 8})


class Faults:
    """Fails the nth file-system call, and from then on or once."""

    def __init__(self, number: int, code: int, lasting: bool) -> None:
        self.number, self.code, self.lasting = number, code, lasting
        self.calls = 0
        self.on = True

    def check(self) -> None:
        if not self.on:
            return
        self.calls += 1
        if self.calls == self.number or (self.lasting and self.calls > self.number):
            raise OSError(self.code, os.strerror(self.code), "/secret/place")


class FaultyFile:
    """A file whose writes may fail."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def write(self, data: Any) -> int:
        self._faults.check()
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "FaultyFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


@contextmanager
def injected(faults: Faults) -> Iterator[None]:
    """The calls with which a model is written fail as `faults` says."""
    really_open = io.open

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        result = really_open(file, mode, *args, **kwargs)
        return FaultyFile(result, faults) if "w" in mode else result

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            faults.check()
            return call(*args, **kwargs)

        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("io.open", opened)
        for name in ("mkdir", "rename", "fsync"):
            patch.setattr(os, name, wrapped(getattr(os, name)))
        yield


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("code", slow_after(1, [errno.ENOSPC, errno.EACCES, errno.EIO]))
def test_every_call_fails_once(
    code: int,
    lasting: bool,
    existing: bool,
    checkpoint: Path,
    tokenizer_file: Path,
    tmp_path: Path,
) -> None:
    """Each call in turn, until a conversion makes fewer calls than that."""
    models = tmp_path / "new" / "models"
    failures = 0
    if existing:
        convert(checkpoint, models / "m", tokenizer=tokenizer_file)
    # Most calls are the writes of 100 tensors, which are all alike.
    step = 11 if code == errno.EIO else 5
    for number in range(1, 1000, step):
        faults = Faults(number, code, lasting)
        problems: tuple[str, ...] = ()
        with injected(faults):
            try:
                convert(
                    checkpoint,
                    models / "m",
                    tokenizer=tokenizer_file,
                    quantize=8,
                    replace=existing,
                )
            except ConversionError as error:
                problems = error.problems
        if not problems:
            assert verify(models / "m") == []
            if faults.calls < number:
                break
        else:
            failures += 1
            assert len(problems) == 1
            assert "/secret/place" not in problems[0]
            assert "cannot be written" in problems[0] or "no space" in problems[0]
        if existing:
            assert verify(models / "m") == []
            assert os.listdir(models) == ["m"]
        elif (models / "m").exists():
            # The rename was done; only making it durable failed.
            assert verify(models / "m") == []
            shutil.rmtree(tmp_path / "new")
        else:
            assert not (tmp_path / "new").exists()
    assert failures > 5
    assert faults.calls < number


def test_directory_that_may_not_be_written(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere")
    models = tmp_path / "models"
    models.mkdir(mode=0o500)
    with pytest.raises(ConversionError, match="choose another destination"):
        convert(checkpoint, models / "m", tokenizer=tokenizer_file)
    assert os.listdir(models) == []


def test_parent_that_is_a_file(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("mine")
    with pytest.raises(ConversionError, match="cannot be written"):
        convert(checkpoint, tmp_path / "models" / "m", tokenizer=tokenizer_file)
    assert (tmp_path / "models").read_text() == "mine"


def test_two_conversions_at_once(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    """The second waits, and then finds the destination taken."""
    models = tmp_path / "models"
    script = (
        "import sys, time\n"
        "from converters import convert\n"
        "def slow(stage, done, total):\n"
        "    if stage == 'write' and done == total:\n"
        "        print('writing', flush=True); sys.stdin.readline()\n"
        "convert(sys.argv[1], sys.argv[3], tokenizer=sys.argv[2], progress=slow)\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", script, checkpoint, tokenizer_file, models / "m"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdin is not None and first.stdout is not None
    with first:
        while first.stdout.readline() != "writing\n":
            assert first.poll() is None
        waits: list[str] = []

        def watch(stage: str, done: int, total: int) -> None:
            waits.append(stage)
            if stage == "wait":
                assert first.stdin is not None
                first.stdin.write("go\n" * 100)
                first.stdin.flush()

        with pytest.raises(DestinationExistsError):
            convert(checkpoint, models / "m", tokenizer=tokenizer_file, progress=watch)
    assert first.returncode == 0
    assert waits.count("wait") == 1
    assert "write" not in waits
    assert verify(models / "m") == []
    assert os.listdir(models) == ["m"]


def convert_many(arguments: tuple[str, str, str, int]) -> str:
    checkpoint, tokenizer, destination, seed = arguments
    try:
        convert(
            checkpoint, destination, tokenizer=tokenizer, quantize=seed % 2 * 4 or 8
        )
    except DestinationExistsError:
        return "exists"
    return "made"


def test_many_conversions_at_once_make_one(
    checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    context = multiprocessing.get_context("spawn")
    work = [
        (str(checkpoint), str(tokenizer_file), str(models / "m"), i) for i in range(6)
    ]
    with context.Pool(3) as pool:
        results = pool.map(convert_many, work, chunksize=1)
    assert sorted(results) == ["exists"] * 5 + ["made"]
    assert verify(models / "m") == []
    assert os.listdir(models) == ["m"]
