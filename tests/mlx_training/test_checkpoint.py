"""A checkpoint is there whole, whatever happens while it is written."""

import errno
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
from slow import slow_after
from trainees import decoder, examples, run, same, settings, stop_after, weights

from backends.mlx_training import TrainingError, has_checkpoint, result_weights
from backends.mlx_training import folders as run_folders

TESTS = Path(__file__).parent.parent


class Broken(Exception):
    """What stands for the end of the process."""


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, folder: Path, number: int, error: Exception
) -> Iterator[list[int]]:
    """The operation of that number on a run's folders fails; counts them."""
    count = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        make = real is os.mkdir

        def call(place: Any, *rest: Any, **options: Any) -> Any:
            idle = make and os.path.isdir(place)
            if real is os.fsync or (str(folder) in str(place) and not idle):
                count[0] += 1
                if count[0] == number:
                    raise error
            return real(place, *rest, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("mkdir", "rename", "fsync"):
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(Path, "open", counted(Path.open))
        patch.setattr(Path, "write_text", counted(Path.write_text))
        patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
        yield count


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The weights of a run that nothing happened to."""
    model = decoder()
    run(model, tmp_path_factory.mktemp("whole"), settings())
    return weights(model)


def operations(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many there are in a run."""
    with failing(monkeypatch, folder, 0, Broken()) as count:
        run(decoder(), folder, settings())
    return count[0]


def test_killed_at_any_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, Any]
) -> None:
    """What was there before, or what was to come, leads to the same end."""
    many = operations(tmp_path / "counted", monkeypatch)
    assert many > 40
    for number in range(1, many + 1, 3):
        folder = tmp_path / f"run-{number}"
        with failing(monkeypatch, folder, number, Broken()), pytest.raises(Broken):
            run(decoder(), folder, settings())
        resumed = decoder()
        run(resumed, folder, settings(), resume=has_checkpoint(folder))
        assert same(weights(resumed), expected), number
        assert not [path for path in folder.iterdir() if path.name.startswith(".c")]


def test_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, Any]
) -> None:
    """One sentence, and the checkpoint before stays."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    many = operations(tmp_path / "counted", monkeypatch)
    run(decoder(), tmp_path / "run", settings(), stop=stop_after(2))
    before = run_folders.steps_of(tmp_path / "run", "checkpoint")
    assert before == [2]
    for number in range(2, many // 3, 5):
        folder = tmp_path / f"run-{number}"
        shutil.copytree(tmp_path / "run", folder)
        with (
            failing(monkeypatch, folder, number, full),
            pytest.raises(TrainingError) as caught,
        ):
            run(decoder(), folder, settings(), resume=True)
        assert "(No space left on device)" in str(caught.value)
        assert str(caught.value).count(".") <= 2
        assert has_checkpoint(folder)
    resumed = decoder()
    run(resumed, folder, settings(), resume=True)
    assert same(weights(resumed), expected)


def test_a_real_limit_of_a_file(tmp_path: Path) -> None:
    """The system's own refusal, in the middle of a file."""
    script = (
        "import resource, signal\n"
        "from pathlib import Path\n"
        "from trainees import decoder, run, settings\n"
        "from backends.mlx_training import TrainingError\n"
        "model = decoder()\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    run(model, folder, settings())\n"
        "except TrainingError as error:\n"
        "    print(error)\n"
    )
    with program(script) as done:
        said, problem = done.communicate()
    assert problem == "" and done.returncode == 0
    assert "cannot be written to" in said and "(File too large)" in said
    assert not has_checkpoint(tmp_path) and not list(tmp_path.glob(".best*"))


@pytest.mark.parametrize("moment", slow_after(1, [2, 0, 1, 3]))
def test_kill_9(moment: int, tmp_path: Path, expected: dict[str, Any]) -> None:
    """Wherever a real process is when it is killed, the run goes on to the same end."""
    script = (
        "from pathlib import Path\n"
        "from trainees import decoder, run, settings\n"
        f"folder = Path({str(tmp_path / 'run')!r})\n"
        "run(decoder(), folder, settings(), report=lambda r: print(r, flush=True))\n"
    )
    with program(script) as killed:
        assert killed.stdout is not None
        for _ in range(1 + 3 * moment):
            assert killed.stdout.readline()
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    resumed = decoder()
    resume = has_checkpoint(tmp_path / "run")
    run(resumed, tmp_path / "run", settings(), resume=resume)
    assert same(weights(resumed), expected)


def program(script: str) -> "subprocess.Popen[str]":
    """A Python that can import the tests' helpers."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ["PYTHONPATH"]])
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": 0.1}, "was made with learning_rate 0.003, not 0.1"),
        ({"patience": 3}, "was made with patience None, not 3"),
        ({"method": "lora"}, "was made with method full, not lora"),
    ],
)
def test_other_settings(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    run(decoder(), tmp_path, settings(), stop=stop_after(1))
    with pytest.raises(TrainingError, match=words):
        run(decoder(), tmp_path, settings(**changes), resume=True)


def test_other_examples_or_another_model(tmp_path: Path) -> None:
    run(decoder(), tmp_path, settings(), stop=stop_after(1))
    with pytest.raises(TrainingError, match="another model or other examples"):
        run(decoder(), tmp_path, settings(), examples(20, seed=9), resume=True)
    with pytest.raises(TrainingError, match="another model or other examples"):
        run(decoder(), tmp_path, settings(), examples(19), resume=True)
    other = decoder()
    other.model.norm.weight = other.model.norm.weight * 1.001
    with pytest.raises(TrainingError, match="another model or other examples"):
        run(other, tmp_path, settings(), resume=True)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("weights.safetensors", lambda content: content[:-7]),
        ("weights.safetensors", lambda content: b""),
        ("optimizer.safetensors", lambda content: content[:100]),
        ("run.json", lambda content: content[:-3]),
        ("run.json", lambda content: b"[]"),
        ("run.json", lambda content: content.replace(b'"tokens"', b'"words"')),
        ("weights.safetensors", None),
    ],
)
def test_damaged(name: str, damage: Any, tmp_path: Path) -> None:
    run(decoder(), tmp_path, settings(), stop=stop_after(1))
    path = tmp_path / "checkpoint-00000001" / name
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TrainingError, match=f"{name} is damaged"):
        run(decoder(), tmp_path, settings(), resume=True)


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run(decoder(), tmp_path, settings(), stop=stop_after(1))
    (tmp_path / "checkpoint-notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="holds a run; go on with it, or use anot"):
        run(decoder(), tmp_path, settings())
    run_folders.remove_run(tmp_path)
    assert (tmp_path / "checkpoint-notes.txt").read_text() == "mine"
    assert result_weights(tmp_path) is None
    with pytest.raises(TrainingError, match="There is no checkpoint in"):
        run(decoder(), tmp_path, settings(), resume=True)
    run(decoder(), tmp_path, settings(steps=1))


def test_one_run_at_a_time(tmp_path: Path) -> None:
    problems: list[str] = []

    def meanwhile(_: Any) -> None:
        if not problems:
            with pytest.raises(TrainingError) as caught:
                run(decoder(), tmp_path, settings())
            problems.append(str(caught.value))

    run(decoder(), tmp_path, settings(steps=1), report=meanwhile)
    assert "Another training is using" in problems[0]


def test_what_is_kept(tmp_path: Path) -> None:
    """One checkpoint and the best, after so many."""
    found = run(decoder(), tmp_path, settings())
    kept = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert kept == {"checkpoint-00000006", f"best-{found.best_step:08}"}
