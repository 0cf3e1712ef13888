"""Training data as people have it: forms, files, and what is wrong with them."""

import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from genesis_chat.conversation import Message
from genesis_chat.errors import UsageError
from genesis_chat.training.data import read_data

PAIR = {"prompt": "Light on", "completion": '{"light": true}'}
CHAT = {
    "messages": [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello.", "weight": 0},
        {"role": "user", "content": "Bye"},
        {"role": "assistant", "content": "Goodbye."},
    ],
    "tools": [],
}
SHAREGPT = {
    "conversations": [
        {"from": "human", "value": "Hi"},
        {"from": "gpt", "value": "Hello."},
        {"from": "human", "value": "more"},
    ]
}


def lines(*values: Any) -> bytes:
    return b"".join(
        (v if isinstance(v, bytes) else json.dumps(v).encode()) + b"\n" for v in values
    )


def numbered(count: int) -> list[Any]:
    return [{"prompt": f"What is {n}?", "completion": f"{n}."} for n in range(count)]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_every_form(tmp_path: Path) -> None:
    data = read_data(
        write(tmp_path / "a.jsonl", lines(PAIR, CHAT, SHAREGPT, {"text": "A tale."}))
    )
    pair, chat, shared, text = data.splits["train"]
    assert pair.messages == (
        Message("user", "Light on"),
        Message("assistant", '{"light": true}'),
    )
    assert chat.learnt == (False, False, False, False, True)
    assert [m.role for m in chat.messages][:2] == ["system", "user"]
    # A question without an answer has nothing to learn from.
    assert [m.content for m in shared.messages] == ["Hi", "Hello."]
    assert text.text == "A tale." and not text.messages
    assert not data.bad and data.divided


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "not whole JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"17", "no JSON object"),
        ({}, "none of"),
        ({"prompt": "a"}, '"completion" is missing'),
        ({"prompt": "a", "completion": " "}, '"completion" is empty'),
        ({"prompt": 3, "completion": "b"}, '"prompt" is no text'),
        ({"text": None}, '"text" is no text'),
        ({"messages": []}, "no list of messages"),
        ({"messages": {"role": "user"}}, "no list of messages"),
        ({"messages": ["hi"]}, "message 1 is no JSON object"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 'the role "tool"'),
        ({"messages": [{"role": "user", "content": None}]}, "no text"),
        ({"messages": CHAT["messages"][1:2]}, "no reply"),
        ({"messages": [*CHAT["messages"][1:2] * 2, CHAT["messages"][2]]}, "take turns"),
        ({"messages": CHAT["messages"][2:]}, "take turns"),
        ({"messages": CHAT["messages"][1:3]}, "weight 0"),
        ({"messages": [*CHAT["messages"][1:], CHAT["messages"][0]]}, "system message"),
        (
            {"messages": [CHAT["messages"][1], {"role": "assistant", "content": ""}]},
            "is empty",
        ),
    ],
)
def test_a_bad_line_is_named(line: Any, words: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines(PAIR, line, b"", CHAT))
    data = read_data(path)
    (bad,) = data.bad
    assert bad.place == f"{path}, line 2" and words in bad.reason, bad
    assert len(data.splits["train"]) == 2
    assert str(bad) in data.notices


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    data = read_data(write(tmp_path / "a.jsonl", lines(PAIR, *[{"x": 1}] * 30)))
    assert len(data.bad) == 30
    assert data.notices[-1] == "... and 10 more lines."


@pytest.mark.parametrize("form", ["utf-8-sig", "utf-16", "crlf", "gzip", "list", "nul"])
def test_files_as_programs_write_them(form: str, tmp_path: Path) -> None:
    plain = lines({"prompt": "Grüße\u2028", "completion": "\x00ok"}, PAIR)
    given = {
        "utf-8-sig": b"\xef\xbb\xbf" + plain,
        "utf-16": plain.decode().encode("utf-16"),
        "crlf": plain.replace(b"\n", b"\r\n\r\n"),
        "gzip": gzip.compress(plain),
        "list": json.dumps([json.loads(each) for each in plain.splitlines()]).encode(),
        "nul": plain,
    }[form]
    data = read_data(write(tmp_path / "a.jsonl", given))
    first, _ = data.splits["train"]
    assert [m.content for m in first.messages] == ["Grüße\u2028", "\x00ok"]


def test_a_folder_has_its_own_splits(tmp_path: Path) -> None:
    every = numbered(12)
    write(tmp_path / "train.jsonl", lines(*every, every[3]))
    write(tmp_path / "dev.json", json.dumps(every[:2]).encode())
    write(tmp_path / "test.jsonl.gz", gzip.compress(lines(every[1], every[2])))
    write(tmp_path / "readme.txt", b"no data")
    data = read_data(tmp_path)
    counts = {name: len(samples) for name, samples in data.splits.items()}
    assert counts == {"train": 9, "valid": 1, "test": 2}
    assert data.repeated == 1 and data.shared == 4 and not data.divided


def test_a_file_is_divided_by_content(tmp_path: Path) -> None:
    every = numbered(300)
    one = read_data(write(tmp_path / "a.jsonl", lines(*every)), seed=3)
    other = read_data(write(tmp_path / "b.jsonl", lines(*reversed(every))), seed=3)
    for name in ("train", "valid", "test"):
        first, second = (
            {sample.digest for sample in data.splits[name]} for data in (one, other)
        )
        assert first == second
    assert [len(one.splits[name]) for name in one.splits] == [240, 30, 30]
    assert one.sha256 == other.sha256
    changed = read_data(write(tmp_path / "c.jsonl", lines(*every[1:])), seed=3)
    assert changed.sha256 != one.sha256


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing to learn"),
        (b"\n\n", "nothing to learn"),
        (b"hello\nworld\n", "not whole JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\x00" * 99, "is binary"),
        (gzip.compress(lines(PAIR) * 99)[:-20], "is not whole"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "nothing"),
    ],
)
def test_what_holds_nothing_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        read_data(write(tmp_path / "a.jsonl", data))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for name, words in (("no", "cannot be read"), ("pipe", "regular"), ("empty", "no")):
        with pytest.raises(UsageError, match=words):
            read_data(tmp_path / name)


def test_standard_input() -> None:
    data = read_data(Path("-"), stdin=io.BytesIO(lines(PAIR)))
    assert len(data.splits["train"]) == 1


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    line = '{"text": "caf\xe9 au lait"}'.encode("latin-1")
    data = read_data(write(tmp_path / "a.jsonl", lines(line)))
    (bad,) = data.bad
    assert "1 of its bytes" in bad.reason and "byte 13" in bad.reason
