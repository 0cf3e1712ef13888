"""What is imported when: help must not wait for what only a reply needs."""

import functools
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import ggufs
import pytest
from terminal import run

from backends.genesis_cpu.machine_code import SUPPORTED
from converters import convert

HEAVY = {
    "mlx",
    "tokenizers",
    "sentencepiece",
    "rich",
    "huggingface_hub",
    "numpy",
    "numba",
    "safetensors",
    "torch",
    "tqdm",
    "gguf",
    "mlx_lm",
    "transformers",
    "psutil",
    "starlette",
    "uvicorn",
    "asyncio",
}
NO_SOCKETS = """
import socket, sys

def refuse(self, address):
    raise SystemExit(f"a connection to {address} was opened")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *a, **k: sys.exit("a name was looked up")
from genesis_chat.cli import main
main()
"""


@functools.cache
def imported(*arguments: str) -> frozenset[str]:
    """Names of all modules a command imports."""
    command = (sys.executable, "-P", "-X", "importtime", "-m", "genesis_chat")
    result = run(*arguments, command=command)
    assert result.code == 0, result.err
    lines = [x for x in result.err.splitlines() if x.startswith("import time:")]
    return frozenset(line.rsplit("|", 1)[1].strip() for line in lines)


def top(modules: Iterable[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("ask", "--help"),
        ("chat", "--help"),
        ("models", "--help"),
        ("serve", "--help"),
        ("models", "list"),
        ("models", "default"),
        ("config", "list"),
        ("completion", "bash"),
    ],
)
def test_nothing_heavy_is_imported_early(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)
    assert "genesis_chat.cli.main" in modules
    assert not HEAVY & top(modules)


def test_the_check_above_sees_heavy_modules() -> None:
    assert top(imported("ask", "hello", "--max-tokens", "1")) >= {
        "numpy",
        "sentencepiece",
    }


@pytest.mark.skipif(not SUPPORTED, reason="kernels run by Numba on this system")
def test_numba_is_imported_to_compile_only() -> None:
    options = "ask", "hello", "--backend", "cpu", "--max-tokens", "1"
    imported(*options)
    modules = imported.__wrapped__(*options)
    assert "numpy" in modules and "numba" not in modules
    # LLVM's library takes 50 MB.
    assert platform.machine() != "x86_64" or "llvmlite.binding" not in modules


def test_asking_leaves_out_what_it_does_not_need() -> None:
    modules = top(imported("ask", "hello", "--max-tokens", "1"))
    unneeded = {"huggingface_hub", "rich", "torch", "tokenizers", "jinja2"}
    assert not (unneeded | {"mlx_lm", "transformers"}) & modules


def test_asking_a_decoder_leaves_out_what_it_does_not_need(tmp_path: Path) -> None:
    """Its template is rendered elsewhere, and nothing of mlx-lm is needed."""
    ggufs.write(tmp_path / "tiny.gguf", kind="Q8_0")
    convert(tmp_path / "tiny.gguf", tmp_path / "tiny")
    options = ("-m", str(tmp_path / "tiny"), "--backend", "cpu", "--max-tokens", "1")
    # What has to be compiled is, once for all tests.
    imported("ask", "hello", *options)
    everything = imported.__wrapped__("ask", "hello", *options)
    assert platform.machine() != "x86_64" or "llvmlite.binding" not in everything
    modules = top(everything)
    assert {"numpy", "tokenizers"} <= modules
    unwanted = {"mlx", "mlx_lm", "transformers", "jinja2", "gguf", "torch", "textual"}
    unwanted |= {"numba"} if SUPPORTED else set()
    unwanted |= {"huggingface_hub", "rich", "sentencepiece", "tqdm"}
    assert not unwanted & modules


def test_package_alone_imports_the_standard_library_only() -> None:
    script = (
        "import sys; before = set(sys.modules); import genesis_chat; "
        "print('\\n'.join(set(sys.modules) - before))"
    )
    result = run(command=(sys.executable, "-P", "-c", script))
    assert result.code == 0, result.err
    modules = top(set(result.out.split()))
    assert "genesis_chat" in modules
    # The guard against connections is in every program that tests start.
    ours = {"genesis_chat", "sitecustomize"}
    assert modules - ours <= set(sys.stdlib_module_names)


def test_missing_attributes_are_said_as_usual() -> None:
    import genesis_chat

    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = genesis_chat.no_such_thing


@pytest.mark.parametrize("first_use", [True, False])
def test_asking_opens_no_connection(first_use: bool, home: Path) -> None:
    if first_use:
        (home / "models").rename(home / "elsewhere")
    command = (sys.executable, "-P", "-c", NO_SOCKETS)
    result = run(
        *("ask", "What is the capital of France?", "--temp", "0"),
        command=command,
        env={"HF_HUB_OFFLINE": "0"},
    )
    assert result.out == "The capital of France is Paris.\n", result.err
    assert result.code == 0


def test_the_guard_above_can_fail() -> None:
    command = (sys.executable, "-P", "-c", NO_SOCKETS)
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            NO_SOCKETS.replace("main()", "")
            + "import urllib.request; urllib.request.urlopen('http://localhost:9')",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "was" in done.stderr
    result = run("models", "pull", command=command, env={"HF_HUB_OFFLINE": "0"})
    assert result.code == 1
