"""The shell completion scripts."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from terminal import Result, call, run


@pytest.fixture
def script_on_path(tmp_path: Path) -> dict[str, str]:
    """An environment in which the shell finds the command."""
    command = tmp_path / "bin" / "genesis-chat"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P -m genesis_chat "$@"\n', "utf-8"
    )
    command.chmod(0o755)
    return {"PATH": f"{command.parent}:{os.environ['PATH']}"}


def complete(line: str, env: dict[str, str]) -> list[str]:
    """What bash offers for the last word of a line."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    program = """
    eval "$(genesis-chat completion bash)" || exit 9
    read -ra COMP_WORDS <<< "$1"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
    function=$(complete -p genesis-chat | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    "$function" genesis-chat "${COMP_WORDS[COMP_CWORD]}"
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    result: Result = run(command=("bash", "-c", program, "bash", line), env=env)
    assert result.code == 0, result.err
    return result.out.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_printed(shell: str) -> None:
    result = call("completion", shell)
    assert (result.code, result.err) == (0, "")
    assert "genesis-chat" in result.out and "_GENESIS_CHAT_COMPLETE" in result.out
    if program := shutil.which(shell):
        check = run(command=(program, "-n"), stdin=result.out)
        assert check.code == 0, check.err


def test_unknown_shell() -> None:
    result = call("completion", "tcsh")
    assert result.code == 2 and "tcsh" in result.err


def test_commands_are_completed(script_on_path: dict[str, str]) -> None:
    assert complete("genesis-chat mod", script_on_path) == ["models"]
    offered = complete("genesis-chat ", script_on_path)
    assert {"ask", "chat", "models", "completion"} <= set(offered)


def test_subcommands_and_options_are_completed(script_on_path: dict[str, str]) -> None:
    assert complete("genesis-chat models ver", script_on_path) == ["verify"]
    assert complete("genesis-chat ask --max", script_on_path) == ["--max-tokens"]
    assert complete("genesis-chat chat --no-t", script_on_path) == ["--no-ttt"]


def test_models_are_completed(script_on_path: dict[str, str], home: Path) -> None:
    shutil.copytree(home / "models" / "builtin", home / "models" / "mine")
    assert complete("genesis-chat ask -m mi", script_on_path) == ["mine"]
    offered = complete("genesis-chat models info ", script_on_path)
    assert set(offered) == {"builtin", "mine"}
    # A dot is no reason to fail, and nothing may be printed beside the names.
    assert complete("genesis-chat models remove zz", script_on_path) == []
