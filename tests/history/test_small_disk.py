"""A real file system that fills up at every block: what was kept stays kept."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from loaded import loaded
from older_history import to_first_schema

from genesis_chat import Genesis
from genesis_chat.engine import LocalEngine, Request, Snapshots
from genesis_chat.history import HistoryError, Store
from genesis_chat.history.exchange import write_file
from genesis_chat.history.migrations import LATEST
from genesis_chat.history.recovery import recover
from genesis_chat.models import ensure_builtin
from genesis_chat.settings import GenerationSettings

BLOCK = 4096
# Free blocks when the work begins: from none to more than it needs.
ROOMS = [*range(24), *range(24, 120, 8)]
SETTINGS = GenerationSettings(temperature=0, max_tokens=4, seed=0)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = shutil.which("mount")
    if mount is None or os.name != "posix":
        pytest.skip("there is no mount here to make a small disk with")
    command = [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only the superuser may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def leave(disk: Path) -> Iterator[Callable[[int], None]]:
    """Fills the disk up to so many free blocks."""

    def fill(blocks: int) -> None:
        (disk / "filler").unlink(missing_ok=True)
        free = os.statvfs(disk).f_bavail
        with (disk / "filler").open("wb") as filler:
            filler.write(bytes(max(0, free - blocks) * BLOCK))

    yield fill
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A history with a conversation of some size."""
    path = tmp_path_factory.mktemp("whole") / "history.sqlite3"
    with Store.open(path) as store:
        id, parent = store.create(title="kept").id, None
        for number in range(20):
            parent = store.add(id, "user", f"{number} " * 300, parent=parent).id
    return path.read_bytes()


def contents(path: Path) -> list[str]:
    with Store.open(path) as store:
        assert store.check() == []
        (kept,) = (c for c in store.conversations() if c.title == "kept")
        return [m.content for m in store.messages(kept.id)]


EXPECTED = [f"{number} " * 300 for number in range(20)]


@pytest.mark.parametrize("room", ROOMS)
def test_saving(
    room: int, disk: Path, leave: Callable[[int], None], whole: bytes
) -> None:
    path = disk / "history.sqlite3"
    path.write_bytes(whole)
    acknowledged: dict[str, str] = {}
    with Store.open(path) as store:
        leave(room)
        try:
            id = store.create(title="new").id
            parent = None
            for number in range(8):
                text = f"message {number} " * 200
                parent = store.add(id, "user", text, parent=parent).id
                acknowledged[parent] = text
            assert parent
            writer = store.begin_reply(id, parent=parent)
            for _ in range(4):
                writer.append("word " * 400)
                writer.flush()
                acknowledged[writer.id] = (
                    acknowledged.get(writer.id, "") + "word " * 400
                )
        except HistoryError as error:
            assert str(error).startswith("The history could not be written")
    (disk / "filler").unlink()
    assert contents(path) == EXPECTED
    with Store.open(path) as store:
        for message, text in acknowledged.items():
            assert store.message(message).content.startswith(text)


@pytest.mark.parametrize("room", ROOMS)
def test_migrating(
    room: int, disk: Path, leave: Callable[[int], None], whole: bytes
) -> None:
    path = disk / "history.sqlite3"
    path.write_bytes(whole)
    to_first_schema(path)
    before = path.read_bytes()
    leave(room)
    try:
        Store.open(path).close()
        assert list(disk.glob("*.backup.sqlite3"))
    except HistoryError:
        # No half-made backup, and the history as it was.
        assert not list(disk.glob("*.backup.sqlite3")) or room
        with closing(sqlite3.connect(path)) as other:
            (version,) = other.execute("PRAGMA user_version").fetchone()
        # Each step is whole or not there; the first one may have found room.
        assert 1 <= version < LATEST
        assert version > 1 or len(path.read_bytes()) == len(before)
    (disk / "filler").unlink()
    assert contents(path) == EXPECTED
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (LATEST,)


@pytest.mark.parametrize("room", ROOMS)
def test_recovering(
    room: int,
    disk: Path,
    leave: Callable[[int], None],
    whole: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a log that is written ahead, the file grows only when that is closed."""
    monkeypatch.setattr("genesis_chat.history.connection.journal_mode", lambda: "wal")
    path = disk / "history.sqlite3"
    path.write_bytes(whole)
    leave(room)
    try:
        recovery = recover(path)
        assert recovery.saved == len(EXPECTED)
        assert recovery.original.read_bytes() == whole
    except HistoryError as error:
        assert "Nothing was changed" in str(error)
        assert path.read_bytes() == whole
        assert {p.name for p in disk.iterdir()} == {path.name, "filler"}
    (disk / "filler").unlink()
    assert contents(path) == EXPECTED


@pytest.mark.parametrize("room", ROOMS)
def test_exporting(
    room: int, disk: Path, leave: Callable[[int], None], whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(whole)
    target = disk / "chats.json"
    target.write_text("an older export")
    with Store.open(path) as store:
        chosen = [(c, store.messages(c.id)) for c in store.conversations()]
    leave(room)
    try:
        write_file(chosen, "json", target, replace=True)
        assert target.stat().st_size > 10_000
    except HistoryError as error:
        assert str(target) in str(error)
        assert target.read_text() == "an older export"
    assert {p.name for p in disk.iterdir()} == {"chats.json", "filler"}


@pytest.fixture(scope="module")
def genesis(tmp_path_factory: pytest.TempPathFactory) -> Genesis:
    """The built-in model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENESIS_CHAT_HOME", str(tmp_path_factory.mktemp("builtin")))
        return Genesis.load(ensure_builtin().directory)


@pytest.mark.parametrize("room", ROOMS[::3])
def test_keeping_states(
    room: int, disk: Path, leave: Callable[[int], None], genesis: Genesis
) -> None:
    """The reply comes all the same, and no broken state stays."""
    expected = list(LocalEngine(loaded(genesis)).reply(Request("Hello!", SETTINGS)))
    leave(room)
    engine = LocalEngine(loaded(genesis), Snapshots(disk / "snapshots"))
    found = list(engine.reply(Request("Hello!", SETTINGS)))
    assert [type(event) for event in found] == [type(event) for event in expected]
    files = list(disk.glob("snapshots/*")) + list(disk.glob("snapshots/.*"))
    assert all(path.suffix == ".safetensors" and path.stat().st_size for path in files)
    (disk / "filler").unlink()
    again = LocalEngine(loaded(genesis), Snapshots(disk / "snapshots"))
    events = list(again.reply(Request("Hello!", SETTINGS)))
    assert [type(event) for event in events] == [type(event) for event in expected]
