"""Files of samples as people have them, and those that are none."""

import gzip
import io
import json
import os
import random
import tracemalloc
from pathlib import Path

import pytest

from genesis_chat.errors import UsageError
from genesis_chat.training.data import Data, read_data, sample

TEXTS = ["é 日本", "second\u2028line", "third"]


def packed_bytes(data: bytes) -> bytes:
    """Compressed, without the time, which would be in the names of tests."""
    return gzip.compress(data, mtime=0)


def lines(texts: list[str] = TEXTS, end: str = "\n", ascii: bool = False) -> str:
    return "".join(
        json.dumps({"text": text}, ensure_ascii=ascii) + end for text in texts
    )


def texts(data: Data) -> list[str]:
    return sorted(each.text or "" for part in data.splits.values() for each in part)


@pytest.mark.parametrize(
    "content",
    [
        lines().encode(),
        lines().encode().rstrip(),
        lines(end="\r\n").encode(),
        lines(end="\n\n \n").encode(),
        lines(end=",\n").encode(),
        lines().encode("utf-8-sig"),
        lines().encode("utf-16"),
        lines().encode("utf-16-le"),
        lines().encode("utf-32"),
        packed_bytes(lines().encode()),
        packed_bytes(lines().encode("utf-16")),
        json.dumps([{"text": text} for text in TEXTS]).encode(),
        json.dumps([{"text": text} for text in TEXTS], indent=2).encode("utf-8-sig"),
        "\n".join(json.dumps({"text": t}, indent=1) for t in TEXTS).encode(),
        packed_bytes(lines().encode()[:40]) + packed_bytes(lines().encode()[40:]),
    ],
)
def test_what_tools_write_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    data = read_data(path)
    assert texts(data) == sorted(TEXTS)
    assert data.sources == [str(path)] and data.notices == []


def test_standard_input_is_read() -> None:
    stream = io.BytesIO(packed_bytes(lines().encode()))
    data = read_data(Path("-"), stdin=stream)
    assert texts(data) == sorted(TEXTS)
    assert data.splits["train"][0].place.startswith("standard input, line ")
    with pytest.raises(UsageError, match="standard input"):
        read_data(Path("-"), stdin=None)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(lines(["plain"]).encode() + '{"text": "é"}\n'.encode("latin-1"))
    data = read_data(path)
    assert texts(data) == ["plain", "\ufffd"]
    (note,) = data.notes
    assert note.startswith(f"{path}: 1 character could not be read")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing to learn"),
        (b"\n \r\n", "nothing to learn"),
        (b"\0" * 4096, "nothing but zeros"),
        (random.Random(1).randbytes(5000), "binary"),
        (b"PK\3\4" + b"a" * 600, "zip archive"),
        (b"PAR1" + b"\0" * 50, "Parquet"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (packed_bytes(lines().encode())[:-12], "cannot be read"),
        (b"\x1f\x8b\x08\0garbage", "cannot be read"),
        (b"question,answer\nHi,Hello\n" * 100, "not JSON"),
        (b"[" * 100_000, "nothing to learn from"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"text": ' + b"9" * 6000 + b"}", "too many digits"),
    ],
)
def test_what_is_no_data_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_data(path)
    assert said in str(caught.value) and "data.jsonl" in str(caught.value)
    assert len(str(caught.value)) < 10_000


def test_a_cut_line_and_zeros_in_the_middle_end_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    good = lines(["a" * 600]), lines(["b"])
    path.write_text(f'{good[0]}{{"text": "cut\n\0\0\0\n{good[1]}', "utf-8")
    data = read_data(path)
    cut, zeros = data.notices
    assert "line 2: it is not JSON" in cut and "line 3: it has NUL bytes" in zeros
    assert texts(data) == ["a" * 600, "b"]
    (place,) = [s.place for s in data.splits["train"] if s.text == "b"]
    assert place == f"{path}, line 4"


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name, said in (
        ("missing.jsonl", "does not exist"),
        ("pipe", "no ordinary file"),
        ("circle", "circle"),
        ("a\0b", "does not exist"),
    ):
        with pytest.raises(UsageError, match=said):
            read_data(tmp_path / name)


def test_a_folder_has_a_file_for_each_split(tmp_path: Path) -> None:
    for name, text in (
        ("train-00000-of-00002.jsonl", "a"),
        ("train-00001-of-00002.jsonl", "b"),
        ("Dev.json", "c"),
        ("test.jsonl.gz", "d"),
        ("notes.jsonl", "e"),
    ):
        content = lines([text]).encode()
        packed = packed_bytes(content) if name.endswith(".gz") else content
        (tmp_path / name).write_bytes(packed)
    data = read_data(tmp_path)
    found = [sorted(s.text or "" for s in part) for part in data.splits.values()]
    assert found == [["a", "b"], ["c"], ["d"]] and not data.divided


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "has no train.jsonl"),
        (("data.jsonl",), "it has data.jsonl"),
        (("valid.jsonl",), "has no train.jsonl"),
        (("train.jsonl", "train.json"), "both train.json and train.jsonl"),
        (("train.jsonl", "valid.jsonl", "dev.jsonl"), "both dev.jsonl and valid.jsonl"),
        (("train.jsonl", "train-1.jsonl"), "both train.jsonl and train-1.jsonl"),
    ],
)
def test_a_folder_without_clear_files_is_refused(
    names: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).write_text(lines([name]), "utf-8")
    with pytest.raises(UsageError, match=said):
        read_data(tmp_path)


def test_bad_lines_of_every_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(lines(["a"]) + "x\n", "utf-8")
    (tmp_path / "valid.jsonl").write_text("{}\n" + lines(["b"]), "utf-8")
    told = " ".join(read_data(tmp_path).notices)
    assert "train.jsonl, line 2" in told and "valid.jsonl, line 1" in told


def _peak(path: Path) -> int:
    tracemalloc.start()
    try:
        read_data(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_files_need_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "IN_MEMORY", 1 << 16)
    path = tmp_path / "data.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(2500):
            file.write(lines([f"{number} " + "a" * 8000]))
    assert path.stat().st_size > 20_000_000
    assert _peak(path) < 10 << 20


@pytest.mark.slow
def test_a_hundred_megabytes_need_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(210_000):
            file.write(lines([f"{number} " + "a" * 480]))
    assert path.stat().st_size > 100_000_000
    assert _peak(path) < 100 << 20


def test_a_line_without_an_end_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis_chat.training.data.values.LONGEST_LINE", 1 << 20)
    path = tmp_path / "data.jsonl"
    endless = '{"text": "' + "a" * (9 << 20)
    path.write_text(f"{lines(['a'])}{endless}\n{lines(['b'])}", "utf-8")
    assert _peak(path) < 12 << 20
    data = read_data(path)
    assert texts(data) == ["a", "b"]
    assert "longer than 1 MB" in data.notices[0]
