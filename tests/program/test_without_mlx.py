"""Where there is no MLX, as on Windows and on an Intel Mac, all but MLX works."""

import ast
import json
import pkgutil
import sys
from pathlib import Path

import pytest
from terminal import Screen, run

import backends
import converters
import genesis_chat

WITHOUT = {"GENESIS_TEST_HIDDEN": "mlx"}
FRANCE, PARIS = "What is the capital of France?", "The capital of France is Paris."
IMPORT_ALL = """
import sys
from importlib import import_module
from importlib.util import find_spec
assert find_spec("mlx") is None
for name in sys.stdin.read().split():
    import_module(name)
print(*sorted(sys.modules))
"""
# Modules that only POSIX systems have.
POSIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
ROOTS = (genesis_chat, converters, backends)
NEED_MLX = (
    "backends.genesis_mlx",
    "backends.mlx_base.",
    *(
        f"backends.mlx_family.{name}"
        for name in ("backend", "language_model", "loading", "stepper")
    ),
    *(
        f"backends.mlx_training.{name}"
        for name in (
            *("adapters", "checkpoint", "evaluation", "gradients", "group", "losses"),
            *("optimizer", "origin", "preparation", "recomputation", "run", "saving"),
            *("tensors", "training"),
        )
    ),
    "genesis_chat.bench.cost.",
    "genesis_chat.bench.qwen3_next",
)


def modules() -> list[str]:
    """Every module of the product that needs no MLX."""
    found = [
        module.name
        for root in ROOTS
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
    ]
    return [
        name
        for name in found
        if not name.startswith(NEED_MLX) and "__main__" not in name
    ]


def test_everything_else_can_be_imported() -> None:
    names = modules()
    assert len(names) > 150
    command = (sys.executable, "-P", "-c", IMPORT_ALL)
    result = run(command=command, stdin=" ".join(names), env=WITHOUT)
    assert result.code == 0, result.err
    assert not [name for name in result.out.split() if name.startswith("mlx")]


def test_no_module_needs_posix_to_be_imported() -> None:
    for root in ROOTS:
        for path in Path(root.__path__[0]).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {
                name.partition(".")[0]
                for node in tree.body
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            assert not POSIX & names, path


def test_from_a_checkpoint_to_a_conversation(empty_home: Path, assets: Path) -> None:
    """Convert, quantise, ask, go on, and look at it all: in new programs."""
    for name in ("builtin", "eight"):
        if name == "eight":
            options = ("--quantize", "8", "--dtype", "float16", "--name", name)
            done = run("models", "convert", assets, *options, env=WITHOUT)
            assert done.code == 0, done.err
        asked = run("ask", "-m", name, FRANCE, "--temp", "0", env=WITHOUT)
        assert (asked.code, asked.out.strip()) == (0, PARIS), asked.err
    goes_on = run("ask", "-c", "My name is Bob.", "--temp", "0", env=WITHOUT)
    assert goes_on.code == 0 and goes_on.out.strip(), goes_on.err
    assert run("models", "verify", "eight", env=WITHOUT).code == 0
    found = run("doctor", "--json", env=WITHOUT)
    assert found.code == 0, found.out
    findings = json.loads(found.out)["findings"]
    told = {(each["section"], each["name"]): each["value"] for each in findings}
    assert told["device", "backend"] == "cpu (no Metal)"
    assert "not installed" in told["kernels", "used"]
    quick = ("--prompt", "16", "--decode", "2", "--repeat", "1", "--json")
    bench = run("bench", "-m", "eight", "--backend", "all", *quick, env=WITHOUT)
    assert {each["backend"] for each in json.loads(bench.out)} == {"cpu"}, bench.err
    assert "MLX is not installed" in bench.err


def test_the_full_screen_interface() -> None:
    size = (100, 30)
    with Screen.start("-m", "builtin", "--temp", "0", size=size, env=WITHOUT) as screen:
        screen.see("int8 · CPU (no Metal)", size)
        screen.type(f"{FRANCE}\r")
        screen.see(PARIS, size)
        screen.type("\x11")
        assert screen.finish() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "--backend", "mlx", "hello"),
        ("ask", "--dtype", "bfloat16", "hello"),
        ("bench", "--cost"),
        ("bench", "--backend", "mlx"),
        ("bench", "--backend", "all", "--dtype", "float16"),
    ],
    ids=str,
)
def test_what_needs_it_is_one_sentence(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, env=WITHOUT)
    assert (result.code, result.out) == (2, "")
    last = result.err.strip().splitlines()[-1]
    assert last.startswith("Error: ") and "not installed here" in last
    assert "Traceback" not in result.err and "Unexpected" not in result.err
