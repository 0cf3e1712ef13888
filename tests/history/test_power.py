"""Power cuts, simulated: nothing acknowledged is lost, nothing is left corrupt."""

import random
import sqlite3
import types
from pathlib import Path
from typing import Any

import power
import pytest

from genesis_chat.history import Store, connection

CUTS = 500


class Witness:
    """Does things to a store and notes in the log what was acknowledged."""

    def __init__(self, store: Store, log: list[power.Op]) -> None:
        self.store, self.log = store, log
        self.contents: dict[str, str] = {}
        self.gone: set[str] = set()

    def note(self) -> None:
        """What must be on the disk from now on."""
        value = (dict(self.contents), set(self.gone))
        self.log.append(power.Op("acknowledged", value=value))

    def work(self, draw: random.Random) -> None:
        """A conversation or two, with all that can be done to them."""
        conversation = self.store.create(system="s" * draw.randrange(300)).id
        parent = None
        for _ in range(draw.randrange(2, 5)):
            text = "question " * draw.randrange(1, 400)
            parent = self.store.add(conversation, "user", text, parent=parent).id
            self.contents[parent] = text
            self.note()
            writer = self.store.begin_reply(conversation, parent=parent)
            written = ""
            for _ in range(draw.randrange(1, 5)):
                piece = "answer " * draw.randrange(1, 300)
                written += piece
                writer._text.append(piece)
                writer.flush()
                self.contents[writer.id] = written
                self.note()
            writer.finish("complete")
            parent = writer.id
        self.store.rename(conversation, "renamed")
        copied = self.store.fork(conversation, parent or "")
        for message in self.store.branch(copied.id):
            self.contents[message.id] = message.content
        self.note()
        if draw.random() < 0.3:
            for message in self.store.messages(conversation):
                self.contents.pop(message.id, None)
                self.gone.add(message.id)
            self.store.delete(conversation)
            self.store.purge(2**62)
            self.note()


@pytest.fixture
def over_shim(monkeypatch: pytest.MonkeyPatch) -> list[power.Op]:
    """Connections of the history that note what they write."""
    log: list[power.Op] = []
    vfs = power.RecordingVFS(log)
    real = sqlite3.connect

    def connect(path: Any, **options: Any) -> Any:
        if options.get("uri"):
            return real(path, **options)
        return power.Connection(str(path), power.NAME)

    shim = types.SimpleNamespace(**vars(sqlite3))
    shim.connect = connect
    monkeypatch.setattr(connection, "sqlite3", shim)
    log.append(power.Op("vfs", value=vfs))
    return log


@pytest.mark.parametrize("mode", ["truncate", "wal"])
def test_cuts(
    mode: str, over_shim: list[power.Op], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 of them: 250 in each journal mode, the first migration included."""
    draw = random.Random(7)
    execute = power.Connection.execute

    def alone(self: power.Connection, sql: str, values: Any = ()) -> Any:
        if mode == "wal" and sql.startswith("PRAGMA journal_mode"):
            # Shared memory cannot be had over a shim: the log is kept alone.
            execute(self, "PRAGMA locking_mode=EXCLUSIVE")
            sql = "PRAGMA journal_mode=wal"
        return execute(self, sql, values)

    monkeypatch.setattr(power.Connection, "execute", alone)
    store = Store.open(path)
    assert store.stats()["journal_mode"] == mode
    witness = Witness(store, over_shim)
    for _ in range(6):
        witness.work(draw)
    log = list(over_shim)
    store.close()
    monkeypatch.undo()
    assert sum(op.kind == "sync" for op in log) > 50

    cuts = sorted(draw.randrange(1, len(log)) for _ in range(CUTS // 2))
    disk, at = power.Disk(), 0
    contents: dict[str, str] = {}
    gone: set[str] = set()
    for number, cut in enumerate(cuts):
        for op in log[at:cut]:
            disk.take(op)
            if op.kind == "acknowledged":
                contents, gone = op.value
        at = cut
        folder = path.parent / f"cut-{number}"
        folder.mkdir()
        for name, data in disk.after_cut(draw).items():
            if not name.endswith("-shm"):
                (folder / name).write_bytes(data)
        recovered: list[Any] = []
        with Store.open(folder / path.name, recovered=recovered.append) as left:
            assert not recovered and left.check() == []
            found = {
                message.id: message
                for each in left.conversations()
                for message in left.messages(each.id)
            }
        for id, text in contents.items():
            # A purge that is just being done may be done already.
            if id in found:
                assert found[id].content.startswith(text)
            else:
                assert _purged_later(log[at:], id)
        assert not gone & found.keys()


def _purged_later(rest: list[power.Op], id: str) -> bool:
    following = next((op for op in rest if op.kind == "acknowledged"), None)
    return following is not None and id in following.value[1]
