"""Compiled code kept between programs, whatever state its folder is in."""

import os
import resource
import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from terminal import Result, run

# What a small kernel gives, and whether it had to be compiled.
SCRIPT = dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from small_kernel import twice
    from backends.genesis_cpu.compiling import keep_compiled
    compiled = []
    folder = sys.argv[1]
    keep_compiled(Path(folder) if folder else None, lambda: compiled.append(1))
    x = np.arange(5, dtype=np.float32)
    print(float(twice(x)), float(twice(x)), len(compiled))
""")
KERNEL = dedent("""
    from backends.genesis_cpu.compiling import kernel

    @kernel
    def twice(x):
        total = x[0]
        for i in range(x.shape[0]):
            total += 2 * x[i]
        return total
""")
COMPILED, KEPT = "20.0 20.0 1", "20.0 20.0 0"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("module")
    (folder / "small_kernel.py").write_text(KERNEL, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def compiled_once(module: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the kernel's code. Not to be changed."""
    folder = tmp_path_factory.mktemp("compiled")
    assert told(start(module, folder)) == COMPILED
    return folder


def start(module: Path, folder: Path | str, **environment: str) -> Result:
    path = os.pathsep.join([str(module), os.environ.get("PYTHONPATH", "")])
    command = (sys.executable, "-c", SCRIPT, str(folder))
    return run(command=command, env={"PYTHONPATH": path, **environment})


def told(result: Result) -> str:
    assert result.code == 0, result.err
    return result.out.strip()


def test_compiled_once(module: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert told(start(module, folder)) == COMPILED
    assert told(start(module, folder)) == KEPT
    assert told(start(module, "")) == COMPILED
    assert not list(module.rglob("*.nbi"))


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "other"])
@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
def test_a_damaged_file_is_compiled_again(
    damage: str, pattern: str, module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    (file,) = folder.rglob(pattern)
    whole = file.read_bytes()
    file.write_bytes(
        {
            "empty": b"",
            "cut": whole[: len(whole) // 2],
            "noise": bytes(reversed(whole)),
            "other": b"\x80\x04]\x94.",
        }[damage]
    )
    assert told(start(module, folder)) == COMPILED
    assert told(start(module, folder)) == KEPT


def test_a_folder_that_cannot_be_made(module: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert told(start(module, tmp_path / "file" / "compiled")) == COMPILED
    assert (tmp_path / "file").read_text(encoding="utf-8") == "in the way"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk(module: Path, tmp_path: Path) -> None:
    """Nothing can be written; what is there is read all the same."""
    folder = tmp_path / "compiled"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    full = (sys.executable, "-c", script + SCRIPT, str(folder))
    path = os.pathsep.join([str(module), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    assert told(run(command=full, env=environment)) == COMPILED
    assert told(start(module, folder)) == COMPILED
    assert told(run(command=full, env=environment)) == KEPT
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == limits


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="the superuser may write anywhere",
)
def test_a_folder_that_may_not_be_written(module: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    assert told(start(module, folder)) == COMPILED
    inner = next(folder.rglob("*.nbi")).parent
    for path in (folder, inner):
        path.chmod(0o500)
    try:
        assert told(start(module, folder)) == KEPT
    finally:
        for path in (folder, inner):
            path.chmod(0o700)


def test_another_processor_has_its_own(
    module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    """As on a home that several computers share."""
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    assert told(start(module, folder, **plain)) == COMPILED
    assert told(start(module, folder, **plain)) == KEPT
    assert told(start(module, folder)) == KEPT
