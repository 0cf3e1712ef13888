"""Streams that close early, cannot take every character, or are not there."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from slow import slow, slow_after
from terminal import COMMAND, call, run
from waiting import PATIENCE_SECONDS

NOTICE = "genesis-chat models pull"


def run_into_closed_pipe(
    arguments: Sequence[str], stdin: bytes = b"", read: int = 0
) -> tuple[int, str]:
    """Run with a reader that goes after some bytes; the exit code and stderr."""
    reader, writer = os.pipe()
    if not read:
        os.close(reader)
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    with process:
        assert process.stdin and process.stderr
        with contextlib.suppress(BrokenPipeError):  # Not every command reads it.
            process.stdin.write(stdin)
            process.stdin.close()
        if read:
            os.read(reader, read)
            os.close(reader)
        err = process.stderr.read().decode()
        return process.wait(PATIENCE_SECONDS), err


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "hello"),
        slow(("ask", "hello", "--no-stream")),
        slow(("ask", "hello", "--json")),
        ("chat",),
    ],
)
def test_reader_that_is_gone_from_the_start(arguments: tuple[str, ...]) -> None:
    code, err = run_into_closed_pipe(arguments, stdin=b"hi\nhello\n")
    assert code == 0
    lines = err.splitlines()
    assert len(lines) == 1 and NOTICE in lines[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        slow(("ask", "--help")),
        ("models", "list"),
        slow(("models", "info", "builtin")),
        slow(("completion", "bash")),
    ],
)
def test_commands_without_a_model_are_as_quiet(arguments: tuple[str, ...]) -> None:
    assert run_into_closed_pipe(arguments) == (0, "")


def test_reader_that_goes_in_the_middle() -> None:
    options = ("--temp", "3", "--top-k", "0", "--top-p", "1", "--seed", "3")
    arguments = ("ask", "Tell me a story", *options, "--max-tokens", "900")
    code, err = run_into_closed_pipe(arguments, read=1)
    assert code == 0
    assert NOTICE in err and len(err.splitlines()) == 1


def test_head_takes_one_character() -> None:
    script = f'{sys.executable} -P -m genesis_chat "hello" --temp 0 | head -c 1'
    result = run(
        command=("bash", "-o", "pipefail", "-c", script),
    )
    assert (result.code, result.out) == (0, "H")
    assert NOTICE in result.err and len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    "redirection", slow_after(1, [">&- 2>&- <&-", ">&-", "2>&-", "<&-"])
)
def test_streams_that_are_not_there(redirection: str) -> None:
    script = f'{sys.executable} -P -m genesis_chat ask "hello" --temp 0 {redirection}'
    result = run(command=("bash", "-c", script))
    assert result.code == 0
    assert "Error" not in result.err
    assert result.out == "" or ">&-" not in redirection.split()


def test_full_disk_is_said() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    script = f"{sys.executable} -P -m genesis_chat models list >/dev/full"
    result = run(command=("bash", "-c", script))
    assert result.code == 1
    assert result.err == "Error: No space left on device.\n"


def test_terminals_that_cannot_show_a_character() -> None:
    options = ("--temp", "50", "--top-k", "0", "--top-p", "1", "--seed", "2")
    result = run("ask", "x", *options, env={"PYTHONIOENCODING": "ascii"})
    assert result.code == 0, result.err
    assert result.out.isascii() and "?" in result.out


def test_no_escape_and_no_broken_character_off_a_terminal() -> None:
    # At this temperature the model draws bytes and control characters freely.
    options = ("--temp", "50", "--top-k", "0", "--top-p", "1", "--max-tokens", "400")
    for seed in ("1", "2", "3"):
        result = call("ask", "x", *options, "--seed", seed, "--stats")
        assert result.code == 0
        assert not result.out.isascii()
        kept = [c for c in result.out + result.err if c != "\n" and c != "\t"]
        assert all(" " <= c != "\x7f" and not "\x80" <= c < "\xa0" for c in kept)


@pytest.mark.parametrize("name", ["FORCE_COLOR", "NO_COLOR"])
def test_help_has_no_colours_off_a_terminal(name: str) -> None:
    for arguments in (("--help",), ("models", "list"), ("models", "info", "builtin")):
        result = call(*arguments, env={name: "1"})
        assert "\x1b" not in result.out + result.err
