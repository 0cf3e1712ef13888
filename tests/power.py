"""Power that fails: a log of all a database wrote, and disks as a cut leaves them.

SQLite runs over a virtual file system (apsw) that notes each write, truncation and
sync. After a cut everything synced is there; of what was not, any part may be, a
sector at a time.
"""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
NAME = "recording"


@dataclass
class Op:
    """Something done to a file, or a mark that something was acknowledged."""

    kind: str
    name: str = ""
    offset: int = 0
    data: bytes = b""
    value: Any = None


@dataclass
class Disk:
    """What is on the disk for sure, and what may be."""

    files: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[Op]] = field(default_factory=dict)

    def take(self, op: Op) -> None:
        """Let an operation happen."""
        if op.kind == "sync":
            image = self.files.setdefault(op.name, bytearray())
            for each in self.pending.pop(op.name, []):
                _apply(image, each)
        elif op.kind == "delete":
            # The worst of both: gone with all it held, as a journal is at commit.
            self.files.pop(op.name, None)
            self.pending.pop(op.name, None)
        elif op.kind in ("write", "truncate"):
            self.pending.setdefault(op.name, []).append(op)

    def after_cut(self, draw: random.Random) -> dict[str, bytes]:
        """The files as a power cut may leave them now."""
        found = {}
        for name in self.files.keys() | self.pending.keys():
            image = bytearray(self.files.get(name, b""))
            for op in self.pending.get(name, []):
                if op.kind == "truncate":
                    if draw.random() < 0.5:
                        _apply(image, op)
                    continue
                for start in range(0, len(op.data), SECTOR):
                    if draw.random() < 0.5:
                        part = op.data[start : start + SECTOR]
                        _apply(image, Op("write", name, op.offset + start, part))
            found[name] = bytes(image)
        return found


def _apply(image: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        del image[op.offset :]
        return
    if len(image) < op.offset:
        image.extend(bytes(op.offset - len(image)))
    image[op.offset : op.offset + len(op.data)] = op.data


class RecordingVFS(apsw.VFS):
    """Passes everything on, and notes it."""

    def __init__(self, log: list[Op]) -> None:
        self.log = log
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: Any) -> Any:
        return RecordingFile(self.log, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.log.append(Op("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


class RecordingFile(apsw.VFSFile):
    """One file of it."""

    def __init__(self, log: list[Op], name: Any, flags: Any) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._log, self._name = log, Path(path).name if path else ""
        super().__init__("", name, flags)

    def _note(self, op: Op) -> None:
        if self._name:
            self._log.append(op)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._note(Op("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._note(Op("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._note(Op("sync", self._name))


class Row:
    """As `sqlite3.Row`: by name and by place."""

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._names, self._values = names, values

    def keys(self) -> Sequence[str]:
        return self._names

    def __getitem__(self, key: Any) -> Any:
        place = key if isinstance(key, int) else self._names.index(key)
        return self._values[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


class Cursor:
    """As `sqlite3.Cursor`, as far as the history uses it."""

    def __init__(self, connection: apsw.Connection, cursor: apsw.Cursor) -> None:
        try:
            names = [each[0] for each in cursor.get_description()]
        except apsw.ExecutionCompleteError:
            names = []
        self._rows = [Row(names, row) for row in cursor]
        self.rowcount = connection.changes()
        self.lastrowid = connection.last_insert_rowid()

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


class Connection:
    """As `sqlite3.Connection`, over a virtual file system."""

    def __init__(self, path: str, vfs: str) -> None:
        self._connection = apsw.Connection(path, vfs=vfs)
        self.row_factory: Any = None

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, values: Any = ()) -> Cursor:
        try:
            return Cursor(self._connection, self._connection.execute(sql, values))
        except apsw.Error as error:
            raise sqlite3.OperationalError(str(error)) from error

    def executemany(self, sql: str, rows: Sequence[Any]) -> None:
        for row in rows:
            self.execute(sql, row)

    def close(self) -> None:
        self._connection.close()
