"""Compiled code kept between programs, whatever state its folder is in."""

import os
import platform
import resource
import shutil
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

import pytest
from filelock import FileLock
from slow import slow_after
from terminal import Result, run
from waiting import PATIENCE_SECONDS

from backends.genesis_cpu.code_folder import _Settings, compiling
from backends.genesis_cpu.compiling import compile_elsewhere
from backends.genesis_cpu.machine_code import SUPPORTED

# What a small kernel gives, and whether it had to be compiled.
SCRIPT = dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from small_kernel import twice
    from backends.genesis_cpu.compiling import compiling
    compiled = []
    folder = sys.argv[1]
    x = np.arange(5, dtype=np.float32)
    with compiling(Path(folder) if folder else None, lambda: compiled.append(1)):
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
# Named tuples, flags, numbers and parts of arrays; nothing and several things given.
MANY_KINDS = dedent("""
    from typing import Any, NamedTuple
    import numpy as np
    from backends.genesis_cpu.compiling import exact_kernel, kernel

    class Pair(NamedTuple):
        left: Any
        size: int

    @exact_kernel
    def inner(x, factor):
        return x.sum() * factor

    @kernel
    def outer(pair, flag, factor):
        return inner(pair.left, factor) + pair.size if flag else 7.0

    @kernel
    def several(n):
        room = np.empty(n, np.float32)
        room[:] = 2
        return n, room.sum() / n

    @kernel
    def squares(out):
        for i in range(out.shape[0]):
            out[i] = i * i
""")
MANY_CALLS = dedent("""
    from small_kernel import Pair, outer, several, squares
    out = np.zeros((2, 4), np.float32)
    with compiling(Path(folder)):
        pair = Pair(np.arange(5, dtype=np.float32), 2)
        print(outer(pair, True, 1.05), outer(pair, False, 1.05), several(3), end=" ")
        print(squares(out[1]), out[1], "numba" in sys.modules)
""")
COMPILED, KEPT = "20.0 20.0 1", "20.0 20.0 0"

machine_code = pytest.mark.skipif(
    not SUPPORTED, reason="kernels run by Numba on this system"
)


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


def start(
    module: Path, folder: Path | str, script: str = SCRIPT, **environment: str
) -> Result:
    path = os.pathsep.join([str(module), os.environ.get("PYTHONPATH", "")])
    command = (sys.executable, "-c", script, str(folder))
    return run(command=command, env={"PYTHONPATH": path, **environment})


def told(result: Result) -> str:
    assert result.code == 0, result.err
    return result.out.strip()


def test_compiled_once(module: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert told(start(module, folder)) == COMPILED
    assert told(start(module, folder)) == KEPT
    assert told(start(module, "")) == COMPILED
    assert not list(module.rglob("*.nb*"))


@pytest.mark.parametrize("damage", slow_after(1, ["cut", "empty", "noise", "other"]))
def test_a_damaged_file_is_compiled_again(
    damage: str, module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    """Both forms of it, since each is enough for the other."""
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    for file in folder.iterdir():
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


@machine_code
def test_machine_code_runs_without_numba(module: Path, compiled_once: Path) -> None:
    """And without LLVM, where its linker is not needed."""
    script = SCRIPT + (
        "print('numba' in sys.modules, 'llvmlite.binding' in sys.modules)\n"
    )
    llvm = platform.machine() != "x86_64"
    assert told(start(module, compiled_once, script=script)) == f"{KEPT}\nFalse {llvm}"


@machine_code
def test_numba_can_come_later(
    module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    """Machine code goes on working beside what Numba compiles in the same process."""
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    script = SCRIPT + dedent("""
        y = np.arange(5.0)[::-1]
        print(float(twice(y)), 'numba' in sys.modules, float(twice(x)))
    """)
    said = told(start(module, folder, script=script))
    assert said == f"{KEPT}\n24.0 True 20.0"


@machine_code
def test_damaged_machine_code_is_made_anew_from_what_is_kept(
    module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    (file,) = folder.glob("*.o")
    whole = file.read_bytes()
    # One bit in the middle, where instructions are.
    file.write_bytes(whole[:400] + bytes([whole[400] ^ 1]) + whole[401:])
    assert told(start(module, folder)) == COMPILED
    assert file.read_bytes() == whole


@machine_code
def test_code_that_needs_what_is_not_here_is_not_run(
    module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    """As after another release of Numba; LLVM itself would end the program."""
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    (file,) = folder.glob("*.o")
    code = file.read_bytes()[32:]
    assert b"\0NRT_adapt_ndarray_from_python\0" in code
    code = code.replace(b"\0NRT_adapt_ndarray_", b"\0NRT_adopt_ndarray_")
    file.write_bytes(sha256(code).digest() + code)
    assert told(start(module, folder)) == COMPILED


@machine_code
def test_arguments_and_results_are_as_with_numba(module: Path, tmp_path: Path) -> None:
    """Named tuples, parts of arrays, flags; one number, several, nothing."""
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "small_kernel.py").write_text(MANY_KINDS, encoding="utf-8")
    opening = SCRIPT.partition("x = np.arange")[0]
    script = opening.replace("from small_kernel import twice\n", "") + MANY_CALLS
    folder = tmp_path / "compiled"
    first = told(start(tmp_path / "module", folder, script=script))
    again = told(start(tmp_path / "module", folder, script=script))
    numbers, used = first.rsplit(" ", 1)
    assert used == "True" and again == f"{numbers} False"
    assert numbers == "12.5 7.0 (3, 2.0) None [0. 1. 4. 9.]"


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
    folder.chmod(0o500)
    try:
        assert told(start(module, folder)) == KEPT
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize(
    "other",
    [
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        pytest.param({"NUMBA_CPU_NAME": "x86-64"}, marks=pytest.mark.slow),
        pytest.param({"NUMBA_CPU_FEATURES": ""}, marks=pytest.mark.slow),
        pytest.param({"NUMBA_OPT": "1"}, marks=pytest.mark.slow),
    ],
    ids=["both", "another name", "other features", "other code of the compiler"],
)
def test_another_processor_has_its_own(
    other: dict[str, str], module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    """As on a home that several computers share."""
    folder = tmp_path / "compiled"
    shutil.copytree(compiled_once, folder)
    assert told(start(module, folder, **other)) == COMPILED
    assert told(start(module, folder, **other)) == KEPT
    assert told(start(module, folder)) == KEPT


# A kernel for one kind of number, of which the code is written when another program
# has written that for another kind and before anybody has read it.
TWO_KINDS = dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from small_kernel import twice
    from backends.genesis_cpu import dispatchers
    from backends.genesis_cpu.compiling import compiling
    folder, kind = Path(sys.argv[1]), np.dtype(sys.argv[2])
    write_code = dispatchers.write_code
    def write_code_in_turn(*arguments):
        print("ready", flush=True)
        sys.stdin.readline()
        write_code(*arguments)
    dispatchers.write_code = write_code_in_turn
    with compiling(folder):
        print(float(twice(np.arange(5, dtype=kind))))
""")


def test_programs_that_compile_together_do_not_mix_their_code(
    module: Path, tmp_path: Path
) -> None:
    """Neither finds the other's code under the name of its own."""
    path = os.pathsep.join([str(module), os.environ.get("PYTHONPATH", "")])
    kinds = "float32", "int64"
    folder = tmp_path / "compiled"
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_KINDS, str(folder), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        for kind in kinds
    ]
    for program in programs:
        assert program.stdout and program.stdout.readline() == "ready\n"
    said = [
        program.communicate("\n", timeout=PATIENCE_SECONDS)[0] for program in programs
    ]
    assert said == ["20.0\n"] * 2
    for kind in kinds:
        script = SCRIPT.replace("np.float32", f"np.{kind}")
        assert told(start(module, folder, script=script)) == KEPT
    assert len(list(folder.glob("*.nbc"))) == 2


def test_what_other_sources_gave_is_not_kept_for_ever(
    module: Path, compiled_once: Path, tmp_path: Path
) -> None:
    folder, other = tmp_path / "compiled", tmp_path / "module"
    shutil.copytree(compiled_once, folder)
    other.mkdir()
    changed = KERNEL.replace("2 * x[i]", "4 * x[i] / 2")
    (other / "small_kernel.py").write_text(changed, encoding="utf-8")
    assert told(start(other, folder)) == COMPILED
    assert told(start(other, folder)) == KEPT
    assert len(list(folder.glob("*.nbc"))) == 1
    assert len(list(folder.glob("*.o"))) == SUPPORTED


def test_one_thread_at_a_time_says_where_code_goes(tmp_path: Path) -> None:
    """Each finds its own folder, and its own notice, as long as it is inside."""
    began, said = threading.Event(), []

    def other() -> None:
        began.set()
        with compiling(tmp_path / "other", lambda: said.append("other")):
            said.append("inside")

    thread = threading.Thread(target=other)
    with compiling(tmp_path / "mine", lambda: said.append("mine")):
        thread.start()
        assert began.wait(PATIENCE_SECONDS)
        assert _Settings.folder == tmp_path / "mine" and said == []
        assert _Settings.on_compile is not None
        _Settings.on_compile()
    thread.join(PATIENCE_SECONDS)
    assert said == ["mine", "inside"]
    assert _Settings.folder == tmp_path / "other" and _Settings.on_compile is None


def test_of_programs_that_start_together_one_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait, and find what it left."""
    compiled = tmp_path / "compiled"
    compiled.mkdir()
    asked, ran = threading.Event(), threading.Event()
    acquire = FileLock.acquire

    def acquire_and_tell(lock: FileLock, *arguments: object, **named: object) -> object:
        asked.set()
        return acquire(lock, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ran.set())
    arguments = ("package", compiled, "argument")
    with FileLock(compiled / "lock"):
        monkeypatch.setattr(FileLock, "acquire", acquire_and_tell)
        thread = threading.Thread(target=compile_elsewhere, args=arguments)
        thread.start()
        assert asked.wait(PATIENCE_SECONDS) and not ran.is_set()
    thread.join(PATIENCE_SECONDS)
    assert ran.is_set()


def test_a_folder_that_cannot_have_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = threading.Event()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ran.set())
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    compile_elsewhere("package", tmp_path / "file" / "compiled")
    assert ran.is_set()
