"""`genesis-chat mlx-lm`: what is passed on, what is resolved, what is refused."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from mlx_lm_tools import needs_mlx_lm
from terminal import call, run

from genesis_chat.engine import tools
from genesis_chat.models import ensure_builtin
from genesis_chat.models.library_folder import library_folder


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What tools are started with, instead of starting them."""
    started: list[list[str]] = []

    def start(name: str, program: str, arguments: Sequence[str]) -> None:
        started.append([name, program, *arguments])

    monkeypatch.setattr(tools, "run_tool", start)
    return started


@pytest.fixture
def builtin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The folder that stands for the built-in model."""
    monkeypatch.setenv("GENESIS_CHAT_CACHE", str(tmp_path / "cache"))
    return str(library_folder(ensure_builtin().directory))


@needs_mlx_lm
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["generate"], ["--model", "FOLDER"]),
        (["generate", "--model", "builtin", "x"], ["--model", "FOLDER", "x"]),
        (["convert", "--hf-path=builtin", "-q"], ["--hf-path=FOLDER", "-q"]),
        (["generate", "--model", "a/b"], ["--model", "a/b"]),
        (["server", "--model", "nothing-here"], ["--model", "nothing-here"]),
        (
            ["generate", "--draft-model", "builtin"],
            ["--model", "FOLDER", "--draft-model", "FOLDER"],
        ),
        (["generate", "--prompt", "-h"], ["--prompt", "-h"]),
        (["lora", "-c", "file.yaml"], ["-c", "file.yaml"]),
        (["generate", "--prompt-cache-file=f"], ["--prompt-cache-file=f"]),
        (["manage", "--scan"], ["--scan"]),
        (["chat", "--help"], ["--help"]),
        (["generate", "--", "-x", "ä b"], ["--model", "FOLDER", "--", "-x", "ä b"]),
    ],
)
def test_arguments_are_passed_on(
    given: list[str], expected: list[str], passed: list[list[str]], builtin: str
) -> None:
    said = call("mlx-lm", *given)
    assert (said.code, said.err) == (0, "")
    wanted = [each.replace("FOLDER", builtin) for each in expected]
    assert passed == [[given[0], f"genesis-chat mlx-lm {given[0]}", *wanted]]


@needs_mlx_lm
def test_a_path_to_a_model_of_ours(passed: list[list[str]], builtin: str) -> None:
    call("mlx-lm", "generate", "--model", ensure_builtin().directory)
    call("mlx-lm", "generate", "--model", builtin)
    assert [each[2:] for each in passed] == [["--model", builtin]] * 2


def test_the_folder_is_links_and_stays_where_it_is(builtin: str) -> None:
    folder, model = Path(builtin), ensure_builtin().directory
    names = {"config.json", "model.safetensors", "tokenizer.json"}
    assert {each.name for each in folder.iterdir()} == {
        *names,
        "tokenizer_config.json",
    }
    assert (folder / "model.safetensors").resolve() == model / "model.safetensors"
    assert not (model / "tokenizer.json").exists()
    (folder / "config.json").unlink()
    assert library_folder(model) == folder
    assert (folder / "config.json").is_file()


@needs_mlx_lm
def test_help_and_unknown_tools() -> None:
    shown = call("mlx-lm", "--help")
    assert shown.code == 0
    for name in ("generate", "chat", "convert", "perplexity", "lora", "dwq"):
        assert name in shown.out
    said = call("mlx-lm", "nothing")
    assert said.code == 2
    assert "no tool 'nothing'; tools: awq, " in said.err
    assert call("mlx-lm").code == 2


@needs_mlx_lm
def test_the_exit_code_and_texts_are_the_tools() -> None:
    shown = run("mlx-lm", "generate", "--help")
    assert shown.code == 0 and "usage: genesis-chat mlx-lm generate" in shown.out
    said = run("mlx-lm", "generate", "--no-such-option")
    assert said.code == 2 and "--no-such-option" in said.err


@needs_mlx_lm
@pytest.mark.parametrize(
    ("ending", "code", "text"),
    [
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("No such data."), 1, "No such data.\n"),
        (ValueError("bad\x1b[31m value"), 1, "mlx-lm's upload failed: bad"),
        (AssertionError(), 1, "mlx-lm's upload failed: AssertionError"),
        (ModuleNotFoundError("x", name="datasets"), 1, "needs the package datasets"),
        (EOFError(), 1, "failed"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_how_a_tool_ends(
    ending: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(name: str, program: str, arguments: Sequence[str]) -> None:
        raise ending

    monkeypatch.setattr(tools, "run_tool", start)
    said = call("mlx-lm", "upload")
    assert said.code == code
    assert text in said.err and "\x1b" not in said.err
    assert said.err or not text


@needs_mlx_lm
def test_ctrl_d_ends_a_conversation(
    monkeypatch: pytest.MonkeyPatch, builtin: str
) -> None:
    def start(name: str, program: str, arguments: Sequence[str]) -> None:
        raise EOFError

    monkeypatch.setattr(tools, "run_tool", start)
    assert call("mlx-lm", "chat").code == 0


def test_without_mlx_lm() -> None:
    for arguments in (["generate"], ["nothing"]):
        said = run("mlx-lm", *arguments, env={"GENESIS_TEST_HIDDEN": "mlx_lm"})
        assert said.code == 2
        assert said.err.startswith("Error: mlx-lm is not installed here; install it")
    shown = run("mlx-lm", "--help", env={"GENESIS_TEST_HIDDEN": "mlx_lm"})
    assert shown.code == 0 and "not installed" in " ".join(shown.out.split())


def test_nothing_of_it_is_imported_before() -> None:
    code = (
        "import sys; from genesis_chat.cli import main\n"
        "sys.argv = ['genesis-chat', 'mlx-lm', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m in ('mlx', 'mlx_lm', 'transformers')])"
    )
    done = run(command=[sys.executable, "-P", "-c", code])
    assert done.out.splitlines()[-1] == "[]"
