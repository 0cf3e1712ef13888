"""What an installation offers: commands, version, data files."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution, version
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from terminal import run

import genesis_chat

SCRIPT = Path(sys.executable).with_name("genesis-chat")


def test_versions_agree() -> None:
    assert version("genesis-chat") == genesis_chat.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", genesis_chat.__version__)
    for option in ((), ("-P",)):
        command = (sys.executable, *option, "-m", "genesis_chat")
        result = run("--version", command=command)
        assert result.code == 0
        assert result.out.split() == [
            "genesis-chat,",
            "version",
            genesis_chat.__version__,
        ]


def test_entry_point() -> None:
    (entry,) = distribution("genesis-chat").entry_points.select(group="console_scripts")
    assert entry.name == "genesis-chat"
    assert callable(entry.load())


def test_console_script() -> None:
    if not SCRIPT.exists():
        pytest.skip("the console script is not beside this interpreter")
    assert run("--version", command=(str(SCRIPT),)).out == run("--version").out
    asked = run("What is the capital of France?", "--temp", "0", command=(str(SCRIPT),))
    assert asked.out == "The capital of France is Paris.\n"


def test_licence_and_python_are_declared() -> None:
    metadata = distribution("genesis-chat").metadata
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"


@pytest.mark.parametrize(
    ("system", "machine", "package"),
    [
        ("darwin", "arm64", "mlx"),
        ("darwin", "x86_64", None),
        ("linux", "x86_64", "mlx[cpu]"),
        ("linux", "aarch64", "mlx[cpu]"),
        ("linux", "ppc64le", None),
        ("win32", "AMD64", None),
    ],
)
def test_mlx_is_required_where_it_has_wheels(
    system: str, machine: str, package: str | None
) -> None:
    here = {"sys_platform": system, "platform_machine": machine}
    required = map(Requirement, distribution("genesis-chat").requires or [])
    found = [r for r in required if not r.marker or r.marker.evaluate(here)]
    mlx = [r for r in found if r.name.startswith("mlx")]
    names = sorted(str(r).partition("<")[0] for r in mlx)
    assert names == (sorted([package, "mlx-lm"]) if package else [])
    assert all({s.operator for s in r.specifier} == {"<", ">="} for r in mlx)
    # What the other backend is made of is required everywhere.
    assert {"numpy", "numba", "safetensors"} <= {r.name for r in found}


def test_builtin_checkpoint_is_a_resource() -> None:
    assets = files("assets") / "genesis-nano"
    for name in ("model.safetensors", "tokenizer.model", "README.md"):
        assert (assets / name).is_file()


def test_packages_of_the_folder_are_not_imported(tmp_path: Path) -> None:
    for package in ("backends", "assets", "converters", "genesis_chat"):
        foreign = tmp_path / package
        foreign.mkdir()
        (foreign / "__init__.py").write_text("raise SystemExit('foreign')\n", "utf-8")
    result = run("What is the capital of France?", "--temp", "0", cwd=tmp_path)
    assert result.out == "The capital of France is Paris.\n", result.err
    if SCRIPT.exists():
        command = (str(SCRIPT),)
        assert run("ask", "hello", command=command, cwd=tmp_path).code == 0


def test_make_help_names_the_targets() -> None:
    root = Path(__file__).parents[2]
    if shutil.which("make") is None or not (root / "Makefile").exists():
        pytest.skip("there is no make or no Makefile here")
    done = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True)
    for target in ("make ask", "make chat", "make test"):
        assert target in done.stdout


@pytest.mark.slow
def test_the_program_is_used_as_the_workflows_use_it() -> None:
    script = Path(__file__).parents[1] / "installed.py"
    done = run(command=(sys.executable, str(script)))
    assert done.code == 0, done.err
