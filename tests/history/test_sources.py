"""Files, folders, zip files and standard input, in any encoding."""

import io
import json
import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, chatgpt, node

from genesis_chat.history import HistoryError, Store
from genesis_chat.history.exchange import (
    bring_in,
    json_values,
    read_import,
    sources,
    sources_in,
    sources_of_input,
)

SOAK = os.environ.get("GENESIS_SOAK") == "1"
# What a program with nothing to import takes, and its buffers: 40 MB were measured.
MEMORY = 160 * 2**20


def export(*titles: str) -> str:
    """A ChatGPT export; its ids are the titles."""
    return json.dumps(
        [
            chatgpt(
                node("u", None, "user", f"Question in {title}"),
                node("a", "u", "assistant", "\u00e9 \u4e2d \U0001f600"),
                title=title,
                conversation_id=title,
            )
            for title in titles
        ],
        ensure_ascii=False,
    )


def zipped(files: dict[str, str | bytes]) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def titles(path: Path) -> list[str]:
    return [one.title for one in read_import(path)]


def test_a_split_export_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "export" / "nested"
    folder.mkdir(parents=True)
    (folder / "conversations-000.json").write_text(export("a", "b"))
    (folder / "conversations-001.json").write_text(export("c"))
    (folder / "user.json").write_text('{"id": "x"}')
    (folder / "._conversations-000.json").write_bytes(b"\0\5\26")
    (folder / "chat.html").write_text("<html>")
    assert titles(tmp_path / "export") == ["a", "b", "c"]


def test_a_folder_of_anything(store: Store, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for kind, value in FOREIGN.items():
        (tmp_path / "in" / f"{kind}.json").write_text(json.dumps(value))
    (tmp_path / "in" / "export.zip").write_bytes(
        zipped({"conversations.json": export("z")})
    )
    (tmp_path / "in" / "settings.json").write_text('{"theme": "dark"}')
    (tmp_path / "in" / "notes.md").write_text("# Notes")
    (tmp_path / "in" / "cut.json").write_text('[{"a": ')
    imported = bring_in(store, sources_in(tmp_path / "in"))
    assert imported.merged.added == 5
    assert [Path(name).name for name in imported.passed] == [
        "notes.md",
        "settings.json",
    ]
    assert len(imported.failed) == 1 and "cut.json" in imported.failed[0]


def test_a_zip_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(
        zipped(
            {
                "conversations.json": export("a"),
                "user.json": '{"id": "x"}',
                "nested/folder/conversations.json": export("b"),
                "__MACOSX/conversations.json": b"\0\1",
                "chat.html": "<html>",
            }
        )
    )
    assert sorted(titles(path)) == ["a", "b"]
    path.write_bytes(zipped({"chats.json": json.dumps([FOREIGN["open-webui"]])}))
    assert titles(path) == ["Birds"]


def test_zip_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    whole = zipped({"conversations.json": export(*map(str, range(200)))})
    for content, reason in [
        (whole[: len(whole) // 2], "not a whole zip file"),
        (zipped({"image.png": "x"}), "no file in it ends in"),
        (zipped({"conversations.json": b"[" + b" " * 2**25}), "times its size"),
    ]:
        path.write_bytes(content)
        with pytest.raises(HistoryError, match=reason) as caught:
            read_import(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_zip_with_a_damaged_entry(tmp_path: Path) -> None:
    """What was read before the damage comes in."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("conversations.json", export("a", "b") + " " * 3_000_000)
    data = bytearray(buffer.getvalue())
    data[2_500_000] ^= 1
    path = tmp_path / "export.zip"
    path.write_bytes(data)
    notes: list[str] = []
    found = read_import(path, note=notes.append)
    assert [one.title for one in found] == ["a", "b"]
    assert "The rest of conversations.json" in notes[0]


def test_standard_input(store: Store) -> None:
    for data, added in [
        (export("a", "b").encode(), 2),
        (zipped({"conversations.json": export("c")}), 1),
        (json.dumps(FOREIGN["plain"]).encode(), 1),
    ]:
        with sources_of_input(io.BytesIO(data)) as found:
            imported = bring_in(store, found)
        assert imported.merged.added == added and not imported.failed
    with sources_of_input(io.BytesIO(b"")) as found:
        imported = bring_in(store, found)
    assert "Cannot import standard input: it is empty" in imported.failed[0]


class Endless:
    """A pipe that somebody fills for ever."""

    def __init__(self, head: bytes, more: bytes) -> None:
        self._head, self._more = head, more
        self.given = self.pieces = 0

    def read1(self, size: int) -> bytes:
        data = self._head or (self._more * size)[: min(size, 2**16)]
        self._head = b""
        self.given += len(data)
        self.pieces += 1
        return data


@pytest.mark.parametrize(
    ("head", "more", "most"),
    [
        (b"", b"y\n", 2**17),
        (b"", b"\0", 2**17),
        (b"", b"\n", 2**17),
        (b"# Title\n", b"[", 2**17),
        (b"\xef\xbb\xbf [", b"1,", 2**20),
        ('[{"role": '.encode("utf-16"), b"1\0", 2**20),
        (b"{", b'"', 2**20),
        (b"PK\3\4", b"\0", 2**20),
        (b"\x1f\x8b\x08", b"\0", 2**20),
    ],
)
def test_input_that_does_not_end(
    head: bytes, more: bytes, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be an import takes no more than such a file may have."""
    monkeypatch.setattr(sources, "LARGEST_FILE", 2**17)
    monkeypatch.setattr(sources, "LARGEST", 2**20)
    stream = Endless(head, more)
    told: list[int] = []
    with (
        pytest.raises(HistoryError, match="does not end"),
        sources_of_input(stream, lambda: told.append(1)),
    ):
        pass
    assert most < stream.given <= most + 2**16 + len(head)
    assert len(told) == stream.pieces


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings(encoding: str, tmp_path: Path) -> None:
    for content in [export("a"), "\n".join([json.dumps(FOREIGN["plain"])] * 2)]:
        (tmp_path / "file").write_bytes(content.encode(encoding))
        notes: list[str] = []
        found = read_import(tmp_path / "file", note=notes.append)
        assert found and not notes
    (tmp_path / "file").write_bytes(export("a").encode(encoding))
    (found,) = [read_import(tmp_path / "file")]
    assert found[0].messages[1].content == "\u00e9 \u4e2d \U0001f600"


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    text = json.dumps([{"role": "user", "content": "caf\u00e9 cr\u00e8me"}])
    text = text.encode().decode("unicode_escape")
    (tmp_path / "file").write_bytes(text.encode("latin-1"))
    notes: list[str] = []
    (found,) = read_import(tmp_path / "file", note=notes.append)
    assert found.messages[0].content == "caf\ufffd cr\ufffdme"
    assert "2 characters" in notes[0] and "byte 33" in notes[0]


def some(stream: io.StringIO, most: int, wanted: int) -> str:
    """The next characters, at most so many at once."""
    return stream.read(min(wanted, most))


def test_pieces_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values come out the same wherever the pieces of the text end."""
    values: list[Any] = [{"a": ['x\\"', -12.5e3, None, True]}, 123, "\u00e9", [], [[1]]]
    text = json.dumps(values, indent=1)
    lines = "\n".join(map(json.dumps, values[:3]))
    for size in range(1, 40):
        monkeypatch.setattr(json_values, "CHUNK", size)
        for given, wanted in [(text, values), (lines, values[:3])]:
            stream = io.StringIO(given)
            found = json_values.Values(partial(some, stream, size))
            got = [v for v in found if not isinstance(v, json_values.End)]
            assert got == wanted, size


LARGE = """
import re, resource, sys
from pathlib import Path
from genesis_chat.history import Store
from genesis_chat.history.exchange import bring_in, sources_in

with Store.open(Path(sys.argv[1])) as store:
    imported = bring_in(store, sources_in(Path(sys.argv[2])))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "linux":
    # There the former counts what the process was before it became this program.
    peak = re.search(r"VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1]
print(imported.merged.added, peak)
"""


@pytest.mark.parametrize("packed", [False, True])
def test_memory_is_bounded(packed: bool, path: Path, tmp_path: Path) -> None:
    """`make soak` takes 140 MB."""
    size = 140_000_000 if SOAK else 4_000_000
    file, count = tmp_path / "conversations.json", 0
    with file.open("w") as stream:
        stream.write("[")
        while stream.tell() < size:
            nodes = [
                node(str(n), str(n - 1) if n else None, "user", f"{count} {n} " * 300)
                for n in range(20)
            ]
            value = chatgpt(*nodes, conversation_id=f"c{count}")
            stream.write("," * bool(count) + json.dumps(value))
            count += 1
        stream.write("]")
    if packed:
        with zipfile.ZipFile(tmp_path / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(file, "export/conversations.json")
        file = tmp_path / "e.zip"
    command = [sys.executable, "-c", LARGE, str(path), str(file)]
    done = subprocess.run(command, capture_output=True, check=True)
    added, peak = map(int, done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert added == count and peak * unit < MEMORY
