"""Text files and pipes of a person: whatever a computer puts into them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from terminal import PATIENCE_SECONDS, Result, Screen, call, run

from genesis_chat.errors import ConfigError
from genesis_chat.history import Store

FRANCE, PARIS = "What is the capital of France?", "The capital of France is Paris."
GREEDY = ("--temp", "0")


def prompt_tokens(*arguments: str | Path, stdin: bytes = b"") -> int:
    result = call("ask", "-n", "--json", "--max-tokens", "1", *arguments, stdin=stdin)
    assert result.code == 0, result.err
    return int(json.loads(result.out)["prompt_tokens"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_in_the_settings_is_no_content(home: Path, encoding: str) -> None:
    file = home / "config.toml"
    file.write_bytes("# Größe\ntop_k = 5\r\n".encode(encoding))
    assert call("config", "get", "top_k").out == "5\n"
    assert call("config", "set", "top_p", "0.5").code == 0
    assert file.read_bytes() == "# Größe\ntop_k = 5\r\ntop_p = 0.5\n".encode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_in_a_prompt_is_no_content(home: Path, encoding: str) -> None:
    (home / "prompts").mkdir()
    (home / "prompts" / "sea.md").write_bytes("Speak.\r\nÖfter.".encode(encoding))
    assert call("prompts", "show", "sea").out == "Speak.\nÖfter.\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_mark_in_what_is_asked_is_no_content(tmp_path: Path, encoding: str) -> None:
    marked = FRANCE.encode(encoding)
    if encoding == "utf-16-be":
        marked = b"\xfe\xff" + marked
    plain = prompt_tokens(FRANCE)
    file = tmp_path / "question.txt"
    file.write_bytes(marked)
    assert prompt_tokens("-f", file) == plain
    assert prompt_tokens(stdin=marked) == plain
    found = call("chat", "--plain", "-n", *GREEDY, stdin=marked)
    assert (found.code, found.out) == (0, f"{PARIS}\n"), found.err
    two = f"{FRANCE}\r\n{FRANCE}\r\n".encode(encoding.replace("-be", ""))
    found = call("chat", "--plain", "-n", *GREEDY, stdin=two)
    assert (found.code, found.out.count("Paris")) == (0, 2), found.err


def test_what_is_not_utf8_is_shown_and_told(tmp_path: Path) -> None:
    diff = b"-caf\xe9\n+caf\xc3\xa9 \xe9t\xe9\n"
    found = call("ask", "-n", "Write a commit message.", stdin=diff)
    assert found.code == 0
    told = [line for line in found.err.splitlines() if "UTF-8" in line]
    assert told == [
        "Standard input: 3 bytes are not UTF-8 and stand as U+FFFD; the first is at "
        "byte 4."
    ]
    file = tmp_path / "latin.txt"
    file.write_bytes(b"\xef\xbb\xbfcaf\xe9")
    found = call("ask", "-n", "-f", file, "hello")
    assert found.code == 0
    assert f"{file}: 1 byte is not UTF-8 and stands as U+FFFD; it is at byte 6." in (
        found.err
    )
    with_mark = prompt_tokens(stdin="caf\ufffd".encode())
    assert prompt_tokens(stdin=b"caf\xe9") == with_mark


def test_a_line_that_is_not_utf8_is_shown_and_told() -> None:
    found = call("chat", "--plain", stdin=b"hello\ncaf\xe9\n\xff\xfe\n")
    assert found.code == 0
    assert "Line 2 of standard input: 1 byte is not UTF-8" in found.err
    assert "Line 3 of standard input: 2 bytes are not UTF-8" in found.err
    with Store.open() as store:
        latest = store.latest()
        assert latest
        said = [m.content for m in store.messages(latest.id) if m.role == "user"]
    assert said == ["hello", "caf\ufffd", "\ufffd\ufffd"]


@pytest.mark.parametrize(
    "data", [b"\x7fELF\x02\0\0", b"P\0K", b"text\n" * 9999 + b"\0"]
)
def test_binary_input_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "program"
    file.write_bytes(data)
    for found in (
        call("ask", "-n", stdin=data),
        call("ask", "-n", "-f", file, "hello"),
        call("prompts", "add", "odd", stdin=data),
        call("prompts", "add", "odd", "-f", file),
    ):
        assert (found.code, found.out) == (2, "")
        assert "is binary" in found.err and "Unexpected" not in found.err


def test_a_binary_line_ends_a_plain_chat() -> None:
    found = call("chat", "--plain", "-n", *GREEDY, stdin=f"{FRANCE}\na\0b\n{FRANCE}")
    assert (found.code, found.out) == (2, f"{PARIS}\n")
    assert "Line 2 of standard input is binary" in found.err


LITTLE_MEMORY = (
    "import resource, sys; "
    "resource.setrlimit(resource.RLIMIT_DATA, (400 << 20, 400 << 20)); "
    "from genesis_chat.cli import main; sys.argv[0] = 'genesis-chat'; main()"
)


@pytest.mark.skipif(sys.platform != "linux", reason="other devices elsewhere")
@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        (("ask", "-n"), "yes"),
        (("ask", "-n", "-f", "/dev/stdin"), "yes"),
        (("ask", "-n", "-f", "/dev/zero", "hello"), None),
        (("ask", "-n", "-"), "cat /dev/zero"),
        (("chat", "--plain", "-n"), "yes | tr -d '\\n'"),
        (("chat", "--plain", "-n"), "cat /dev/zero"),
        (("prompts", "add", "endless"), "yes"),
        (("prompts", "add", "endless", "-f", "/dev/zero"), None),
    ],
)
def test_what_never_ends_is_refused_before_memory_is_full(
    arguments: tuple[str, ...], source: str | None
) -> None:
    with endless(source) as stdin:
        done = subprocess.run(
            [sys.executable, "-P", "-c", LITTLE_MEMORY, *arguments],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert " MB" in done.stderr or "is binary" in done.stderr
    assert "Unexpected" not in done.stderr


@contextmanager
def endless(source: str | None) -> Iterator[int]:
    if source is None:
        yield subprocess.DEVNULL
        return
    with subprocess.Popen(
        ["sh", "-c", source], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        yield process.stdout.fileno()
        process.kill()
        process.stdout.close()


def test_a_prompt_of_the_largest_size_is_read() -> None:
    """It does not fit the context, and that is what is said."""
    found = call("ask", "-n", stdin=b"a" * (1 << 20))
    assert found.code == 1 and "context holds" in found.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ask", "-n", *GREEDY), "the end of standard input"),
        (("chat", "--plain", "-n", *GREEDY), "the next line on standard input"),
        (("ask", "-n", *GREEDY, "-f", "FIFO", FRANCE), "to write to"),
        (("prompts", "add", "late"), "the end of standard input"),
    ],
)
def test_what_is_waited_for_is_said_to_who_looks_on(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    piped = "FIFO" not in arguments
    reader, writer = os.pipe()
    given = [str(fifo) if each == "FIFO" else each for each in arguments]
    if not piped:
        os.close(writer)
    with Screen.start(*given, stdin=reader) as screen:
        os.close(reader)
        screen.read_until(f"Waiting for {told}" if piped else told)
        target = writer if piped else os.open(fifo, os.O_WRONLY)
        os.write(target, FRANCE.encode())
        os.close(target)
        assert screen.finish() == 0
        assert screen.text.count("Waiting for") == 1
        if "prompts" not in arguments:
            assert "Paris" in screen.text


def test_nobody_is_told_who_does_not_look_on(tmp_path: Path) -> None:
    """Without a terminal on standard error nothing is said, however long it takes."""
    found = call("ask", "-n", *GREEDY, stdin=FRANCE)
    assert "Waiting" not in found.err


@pytest.fixture
def dotfiles(tmp_path: Path) -> Path:
    folder = tmp_path / "dotfiles"
    folder.mkdir()
    return folder


def test_settings_that_are_a_link_stay_one(home: Path, dotfiles: Path) -> None:
    target = dotfiles / "genesis.toml"
    target.write_text("# mine\ntop_k = 5\n")
    target.chmod(0o644)
    middle = dotfiles / "link.toml"
    middle.symlink_to("genesis.toml")
    (home / "config.toml").symlink_to(middle)
    assert call("config", "set", "top_k", "7").code == 0
    assert call("config", "unset", "top_k").code == 0
    assert call("config", "set", "top_p", "0.5").code == 0
    assert (home / "config.toml").is_symlink() and middle.is_symlink()
    assert target.read_text() == "# mine\ntop_p = 0.5\n"
    assert target.stat().st_mode & 0o777 == 0o644
    assert sorted(p.name for p in dotfiles.iterdir()) == ["genesis.toml", "link.toml"]


def test_a_link_to_nothing_is_filled_and_a_circle_is_told(
    home: Path, dotfiles: Path
) -> None:
    file = home / "config.toml"
    file.symlink_to(dotfiles / "new.toml")
    assert call("config", "set", "top_k", "7").code == 0
    assert file.is_symlink() and (dotfiles / "new.toml").read_text() == "top_k = 7\n"
    file.unlink()
    file.symlink_to(file)
    found = call("config", "set", "top_k", "7")
    assert found.code == ConfigError.exit_code and str(file) in found.err
    assert file.is_symlink()


def test_prompts_that_are_links_stay_ones(home: Path, dotfiles: Path) -> None:
    (dotfiles / "sea.md").write_text("Sea.\n")
    (home / "prompts").mkdir()
    link = home / "prompts" / "sea.md"
    link.symlink_to(dotfiles / "sea.md")
    editor = dotfiles / "editor"
    editor.write_text('#!/bin/sh\necho "Ocean." > "$1"\n')
    editor.chmod(0o755)
    env = {"EDITOR": str(editor), "VISUAL": str(editor)}
    assert call("prompts", "edit", "sea", env=env).code == 0
    assert link.is_symlink() and (dotfiles / "sea.md").read_text() == "Ocean.\n"
    assert call("prompts", "remove", "sea").code == 0
    assert not link.is_symlink() and (dotfiles / "sea.md").exists()


def test_one_bad_prompt_hides_none(home: Path) -> None:
    folder = home / "prompts"
    folder.mkdir()
    (folder / "good.md").write_text("Good.")
    (folder / "latin.md").write_bytes("Réponds en français.".encode("latin-1"))
    (folder / "binary.md").write_bytes(b"\0\1\2")
    (folder / "huge.md").write_bytes(b"x" * ((1 << 20) + 1))
    (folder / "folder.md").mkdir()
    (folder / "gone.md").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.md")
    (folder / "._good.md").write_bytes(b"\0\5\x16\7")
    bad = ("latin", "binary", "huge", "folder", "gone", "pipe")
    found = call("prompts", "list")
    assert found.code == 0 and "* good" in found.out and "  teacher" in found.out
    assert not any(f" {name} " in found.out for name in bad)
    assert all(f"{name}.md" in found.err for name in bad)
    assert "byte 1" in found.err and "UTF-8" in found.err
    rows = json.loads(call("prompts", "list", "--json").out)
    assert {"good", "teacher"} <= {row["name"] for row in rows}
    assert call("prompts", "show", "good").out == "Good.\n"
    assert call("ask", "-n", "-t", "good", "hello").code == 0
    for name in bad:
        found = call("prompts", "show", name)
        assert found.code == 1 and f"{name}.md" in found.err
        assert found.err.count("\n") == 1


def in_time(action: Callable[[], Result]) -> Result:
    """What an action finds; a hang fails the test instead of stopping all."""
    found: list[Result] = []
    thread = threading.Thread(target=lambda: found.append(action()), daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert found
    return found[0]


def test_settings_that_are_a_pipe_do_not_hang(home: Path) -> None:
    os.mkfifo(home / "config.toml")
    found = in_time(lambda: run("config", "get", "top_k"))
    assert found.code == 1 and "no ordinary file" in found.err
