"""Exports as they are packed: gzip, zip files of zip files, damaged and odd ones."""

import gzip
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from exchanged import conversation, exported_text, turns
from foreign_exports import chatgpt, node

from genesis_chat.history import Store
from genesis_chat.history.exchange import (
    Imported,
    archives,
    bring_in,
    read_import,
    sources_in,
    sources_of_input,
)


def export(*titles: str) -> bytes:
    """A ChatGPT export; its ids are the titles."""
    values = [
        chatgpt(node("u", None, "user", title), title=title, conversation_id=title)
        for title in titles
    ]
    return json.dumps(values).encode()


def zipped(*files: tuple[str, bytes]) -> bytes:
    """A zip file; names may come twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(name, content)
    return buffer.getvalue()


def encrypted(data: bytes) -> bytes:
    changed = bytearray(data)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        changed[changed.index(mark) + at] |= 1
    return bytes(changed)


def taken_in(store: Store, path: Path) -> Imported:
    return bring_in(store, sources_in(path))


def titles(store: Store) -> list[str]:
    return sorted(conversation.title for conversation in store.conversations())


MANY = [f"{number} {number * 7919 % 9973}" for number in range(400)]


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(export("a", "b")),
        gzip.compress(export("a")) + gzip.compress(export("b")),
        zipped(("conversations.json.gz", gzip.compress(export("a", "b")))),
        zipped(("conversations.zip", zipped(("conversations.json", export("a", "b"))))),
        zipped(
            ("one.zip", zipped(("conversations.json", export("a")))),
            ("two.zip", zipped(("x/conversations.json", export("b")))),
        ),
        zipped(
            ("conversations.json", export("a")), ("conversations.json", export("b"))
        ),
        zipped(
            ("export\\conversations.json", export("a", "b")),
            ("export\\user.json", b'{"id": "x"}'),
            ("export\\__MACOSX\\._conversations.json", b"\0\5\26"),
        ),
    ],
)
def test_however_it_is_packed(data: bytes, store: Store, tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(data)
    imported = taken_in(store, tmp_path / "export")
    assert titles(store) == ["a", "b"]
    assert not imported.failed and not imported.passed and not imported.notes
    with sources_of_input(io.BytesIO(data)) as sources:
        assert bring_in(store, sources).merged.known == 2


def test_attachments_of_an_export_are_not_unpacked(
    store: Store, tmp_path: Path
) -> None:
    inner = zipped(("conversations.json", export("not mine")))
    data = zipped(("conversations.json", export("a")), ("files/mine.zip", inner))
    (tmp_path / "export.zip").write_bytes(data)
    assert not taken_in(store, tmp_path / "export.zip").failed
    assert titles(store) == ["a"]


def test_zip_files_within_each_other_end(store: Store, tmp_path: Path) -> None:
    data = export("a")
    for _ in range(5):
        data = zipped(("conversations.zip", data))
    (tmp_path / "export.zip").write_bytes(data)
    imported = taken_in(store, tmp_path / "export.zip")
    assert len(imported.failed) == 1 and titles(store) == []
    assert "conversations.zip in " in imported.failed[0]


@pytest.mark.parametrize("kind", ["gzip", "gzip flipped", "zip"])
def test_what_comes_before_the_damage(kind: str, store: Store, tmp_path: Path) -> None:
    whole = export(*MANY)
    if kind == "zip":
        data = bytearray(zipped(("conversations.json", whole)))
    else:
        data = bytearray(gzip.compress(whole))
    at = len(data) * 3 // 4
    if kind == "gzip":
        del data[at:]
    else:
        data[at] ^= 0xFF
    (tmp_path / "export").write_bytes(data)
    imported = taken_in(store, tmp_path / "export")
    assert len(MANY) // 4 < len(titles(store)) < len(MANY)
    assert set(titles(store)) < set(MANY)
    assert any("The rest of" in note for note in imported.notes)


@pytest.mark.parametrize("form", ["json", "jsonl", "markdown"])
def test_ours_comes_in_packed_but_never_in_part(
    form: str, store: Store, tmp_path: Path
) -> None:
    many = [turns(f"{n * 7919}?", f"{n * 104_729}") for n in range(300)]
    text = exported_text(form, [(conversation(m, id=f"C{m}"), m) for m in many])
    data = gzip.compress(text.encode())
    (tmp_path / "export").write_bytes(data)
    assert len(read_import(tmp_path / "export")) == len(many)
    for cut in range(4):
        (tmp_path / "export").write_bytes(data[: -1 - cut * 400])
        imported = taken_in(store, tmp_path / "export")
        assert len(imported.failed) == 1 and titles(store) == []


def test_a_gzip_bomb_ends(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_UNSUSPICIOUS", 2**20)
    monkeypatch.setattr(archives, "_LARGEST_RATIO", 2)
    data = gzip.compress(export("a")[:-1] + b" " * 2**24 + b"]")
    (tmp_path / "export").write_bytes(data)
    imported = taken_in(store, tmp_path / "export")
    said = [*imported.notes, *imported.failed]
    assert any("unpacks to more bytes than any export" in each for each in said)


def test_one_bad_zip_in_a_folder(store: Store, tmp_path: Path) -> None:
    """The others come in, and each is told for what it is."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.zip").write_bytes(zipped(("conversations.json", export("a"))))
    (folder / "b.zip").write_bytes(b"PK\3\4 and no more")
    (folder / "c.zip").write_bytes(zipped(("photo.png", b"\x89PNG")))
    (folder / "d.zip").write_bytes(zipped())
    imported = taken_in(store, folder)
    assert titles(store) == ["a"]
    assert [Path(name).name for name in imported.passed] == ["c.zip", "d.zip"]
    assert len(imported.failed) == 1 and "not a whole zip file" in imported.failed[0]
    assert str(folder / "b.zip") in imported.failed[0]


def test_an_encrypted_zip(store: Store, tmp_path: Path) -> None:
    data = encrypted(zipped(("conversations.json", export("a"))))
    (tmp_path / "export.zip").write_bytes(data)
    imported = taken_in(store, tmp_path / "export.zip")
    assert len(imported.failed) == 1 and "encrypted" in imported.failed[0]


def of_a_later_version(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[changed.index(b"PK\1\2") + 6] = 99
    return bytes(changed)


def with_a_name_that_is_no_text(data: bytes) -> bytes:
    """In UTF-8, as the local header says alone."""
    changed = bytearray(data)
    changed[7] |= 8
    changed[30] = 0xFF
    return bytes(changed)


def damaged(method: int, name: str = "x.zip") -> bytes:
    """A zip file whose entry does not unpack; small ones have no start to read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, zipped(("conversations.json", export(*MANY))))
    changed = bytearray(buffer.getvalue())
    start = 30 + len(name)
    changed[start : start + 64] = b"\xff" * 64
    return bytes(changed)


INNER = zipped(("x.zip", zipped(("conversations.json", export("not mine")))))


@pytest.mark.parametrize(
    "data",
    [
        encrypted(INNER),
        of_a_later_version(INNER),
        with_a_name_that_is_no_text(INNER),
        damaged(zipfile.ZIP_DEFLATED),
        damaged(zipfile.ZIP_LZMA),
        damaged(zipfile.ZIP_BZIP2),
        *(
            odd(zipped(("conversations.json", export("not mine"))))
            for odd in (encrypted, of_a_later_version, with_a_name_that_is_no_text)
        ),
        damaged(zipfile.ZIP_LZMA, "x.json"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_among_others(
    data: bytes, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.zip").write_bytes(data)
    (folder / "b.json").write_bytes(export("b"))
    imported = taken_in(store, folder)
    assert titles(store) == ["b"]
    assert len(imported.failed) == 1 and "a.zip" in imported.failed[0]


def test_one_suspicious_file_in_a_zip(store: Store, tmp_path: Path) -> None:
    """The others come in."""
    data = zipped(
        ("a/conversations.json", export("a")),
        ("b/conversations.json", b"[" + b" " * 2**25),
        ("c/conversations.json", export("c")),
    )
    (tmp_path / "export.zip").write_bytes(data)
    imported = taken_in(store, tmp_path / "export.zip")
    assert titles(store) == ["a", "c"]
    (failed,) = imported.failed
    assert "b/conversations.json in " in failed and "times its size" in failed


class Counted(io.BytesIO):
    """A file that tells how much of it was read."""

    count = opened = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data

    def close(self) -> None:
        self.opened -= 1


@pytest.mark.parametrize("within", [False, True])
def test_the_directory_of_a_zip_is_read_once(within: bool) -> None:
    names = [f"chats/{number:03}.json" for number in range(200)]
    data = zipped(*((name, name.encode()) for name in names))
    if within:
        data = zipped(("all.zip", data))
    file = Counted(data)

    @contextmanager
    def opened() -> Iterator[Counted]:
        file.seek(0)
        file.opened += 1
        with file:
            yield file

    found = archives.entries(opened)
    if within:
        found = archives.entries(found[0].open)
    for _ in range(2):
        for entry, name in zip(found, names, strict=True):
            with entry.open() as stream:
                assert stream.read() == name.encode()
    # Entries of one that is packed itself lie behind all before them.
    assert within or file.count < 3 * len(data)
    assert file.opened == 0
    with found[0].open() as first, found[1].open() as second:
        assert [first.read(), second.read()] == [n.encode() for n in names[:2]]
