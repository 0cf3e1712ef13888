"""What a batch takes for its lines, and what it refuses."""

import os
import threading
from pathlib import Path

import pytest
from json_lines import read, write
from terminal import call


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_is_no_content(encoding: str, tmp_path: Path, out: Path) -> None:
    file, text = tmp_path / "in.jsonl", '{"prompt": "Hello!"}\r\n{"prompt": "é"}'
    keys = []
    for each in ("utf-8", encoding):
        file.write_bytes(text.encode(each))
        done = call("batch", file, "-o", out, "--max-tokens", "1")
        assert done.code == 0, done.err
        keys.append([answer["key"] for answer in read(out)])
    # The same lines, which were answered already.
    assert keys[0] == keys[1] and len(keys[0]) == 2
    assert "2 lines of 2 answered already" in done.err


def test_lines_come_through_pipes(tmp_path: Path, out: Path) -> None:
    line, other = b'{"prompt": "Hello!"}\n', tmp_path / "other.jsonl"
    done = call("batch", "-", "-o", out, "--max-tokens", "1", stdin=line)
    assert done.code == 0 and len(read(out)) == 1, done.err
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(line))
    writer.start()
    done = call("batch", fifo, "-o", other, "--max-tokens", "1")
    writer.join()
    assert done.code == 0 and len(read(other)) == 1, done.err
    refused = call("batch", "-", "-o", fifo, stdin=line)
    assert refused.code == 2 and "no ordinary file" in refused.err


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xef\xbb\xbf", "has no lines"),
        (b"\x7fELF\x02\0\0", "is binary"),
        ('{"prompt": "a"}'.encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"\xff\xfe{\0\0\xd8}\0", "is not UTF-16 at byte 4"),
        (b"", "has no lines"),
    ],
)
def test_what_is_no_text_is_refused(
    data: bytes, words: str, tmp_path: Path, out: Path
) -> None:
    (tmp_path / "in.jsonl").write_bytes(data)
    for refused in (
        call("batch", tmp_path / "in.jsonl", "-o", out),
        call("batch", "-", "-o", out, stdin=data),
    ):
        assert refused.code == 2 and words in refused.err
    assert not out.exists()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_what_never_ends_is_refused(out: Path) -> None:
    refused = call("batch", "/dev/zero", "-o", out)
    assert refused.code == 2 and "is binary" in refused.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.jsonl", "-o", "out"), "none.jsonl cannot be read"),
        (("empty.jsonl", "-o", "out"), "no lines"),
        (("in.jsonl",), "--output"),
        (("in.jsonl", "-o", "in.jsonl"), "the input"),
        (("in.jsonl", "-o", "."), "cannot be written"),
        (("in.jsonl", "-o", "/dev/full"), "/dev/full is no ordinary file"),
        (("in.jsonl", "-o", "/dev/zero"), "/dev/zero is no ordinary file"),
        (("/dev/zero", "-o", "out"), "/dev/zero is binary"),
        (("in.jsonl", "-o", "pipe"), "pipe is no ordinary file"),
        (("in.jsonl", "-o", "out", "-s", "a", "-t", "b"), "together"),
    ],
    ids=str,
)
def test_wrong_use(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [{"prompt": "Hello!"}])
    (tmp_path / "empty.jsonl").write_text("\n \n")
    os.mkfifo(tmp_path / "pipe")
    before = (tmp_path / "in.jsonl").read_bytes()
    refused = call("batch", *arguments, cwd=tmp_path)
    assert refused.code == 2 and words in refused.err, refused.err
    assert (tmp_path / "in.jsonl").read_bytes() == before
    assert not (tmp_path / "out").exists()
