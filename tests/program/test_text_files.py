"""Text files and pipes of a person: whatever a computer puts into them."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slow import slow, slow_after
from terminal import Screen, call
from waiting import PATIENCE_SECONDS

from genesis_chat.history import Store
from genesis_chat.text_files import not_written

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


@pytest.mark.parametrize(
    "encoding", slow_after(2, ["utf-8-sig", "utf-16-be", "utf-16", "utf-32"])
)
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


def test_only_a_newline_ends_a_line() -> None:
    lines = ["first\u2028still\x0cfirst", "second\x85still", "third"]
    found = call("chat", "--plain", "--max-tokens", "1", stdin="\r\n".join(lines))
    assert found.code == 0
    with Store.open() as store:
        latest = store.latest()
        assert latest
        said = [m.content for m in store.messages(latest.id) if m.role == "user"]
    assert said == lines


def test_a_line_is_sent_as_it_came() -> None:
    lines = ["    indented", "\u3000wide\u3000", "narrow\u00a0", " /help", "\ttab\t"]
    blank = [" ", "\u3000", "\u00a0\t"]
    given = "\n".join([*lines, *blank, "/title \u3000名 "])
    found = call("chat", "--plain", "--max-tokens", "1", stdin=given)
    assert found.code == 0 and "/open N" not in found.err
    with Store.open() as store:
        latest = store.latest()
        assert latest and latest.title == "\u3000名"
        said = [m.content for m in store.messages(latest.id) if m.role == "user"]
    assert said == lines


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


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_what_has_no_mark_is_told_what_it_may_be(encoding: str, home: Path) -> None:
    data = "Write a haiku about the déjà vu.".encode(encoding)
    (home / "config.toml").write_bytes(data)
    refused = [call("config", "get", "top_k")]
    (home / "config.toml").unlink()
    refused += [call("ask", "-n", stdin=data), call("prompts", "add", "x", stdin=data)]
    for found in refused:
        assert found.code in (1, 2)
        assert "UTF-16 without a byte order mark" in found.err


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
        slow(("ask", "-n", "-f", "/dev/stdin"), "yes"),
        (("ask", "-n", "-f", "/dev/zero", "hello"), None),
        slow(("ask", "-n", "-"), "cat /dev/zero"),
        (("chat", "--plain", "-n"), "yes | tr -d '\\n'"),
        slow(("chat", "--plain", "-n"), "cat /dev/zero"),
        slow(("prompts", "add", "endless"), "yes"),
        slow(("prompts", "add", "endless", "-f", "/dev/zero"), None),
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
        (("ask", "-n", *GREEDY), "standard input to end"),
        slow(("chat", "--plain", "-n", *GREEDY), "the next line on standard input"),
        (("ask", "-n", *GREEDY, "-f", "FIFO", FRANCE), "another program to write"),
        slow(("prompts", "add", "late"), "standard input to end"),
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


def test_what_an_import_waits_for_is_said() -> None:
    reader, writer = os.pipe()
    with Screen.start("history", "import", "-", stdin=reader) as screen:
        os.close(reader)
        screen.read_until("Waiting for standard input to end")
        os.write(writer, b'[{"role": "user", "content": "Why?"}]')
        os.close(writer)
        assert screen.finish() == 0
        assert "Imported 1 conversation" in screen.text


def test_nobody_is_told_who_does_not_look_on(tmp_path: Path) -> None:
    """Without a terminal on standard error nothing is said, however long it takes."""
    found = call("ask", "-n", *GREEDY, stdin=FRANCE)
    assert "Waiting" not in found.err


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "No space left on device. Free some space and try again."),
        (errno.EROFS, "Set GENESIS_CHAT_HOME to a folder that can be written."),
        (errno.EACCES, "Permission denied. Check its permissions."),
    ],
)
def test_what_helps_where_nothing_can_be_written(number: int, advice: str) -> None:
    sentence = not_written(Path("/a/b"), OSError(number, os.strerror(number)))
    assert sentence.startswith("/a/b cannot be written: ")
    assert sentence.endswith(advice)
