"""Bringing a history file to the present schema, one numbered step at a time.

Steps are only ever added. Each runs in one transaction, after a backup that was
opened and checked.
"""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from ...errors import HistoryError
from ..connection import read_only, transaction
from ..rows import new_id
from . import m0001_initial, m0002_interface, m0003_origin, m0004_thoughts

# "Gnss" in ASCII, at a fixed place in the file's header.
APPLICATION_ID = 0x476E7373
STEPS: tuple[tuple[str, ...], ...] = (
    m0001_initial.STATEMENTS,
    m0002_interface.STATEMENTS,
    m0003_origin.STATEMENTS,
    m0004_thoughts.STATEMENTS,
)
LATEST = len(STEPS)
# One statement, so that another program's migration is seen whole or not at all.
IDENTITY = """
SELECT (SELECT application_id FROM pragma_application_id),
       (SELECT user_version FROM pragma_user_version),
       (SELECT count(*) FROM sqlite_schema)
"""


def check_identity(path: Path) -> int:
    """The schema version of a history file, 0 for a new one; nothing is written.

    Raises `HistoryError` for a foreign or a newer file, `sqlite3.Error` for one
    that cannot be read.
    """
    if not path.exists():
        return 0
    try:
        with read_only(path) as connection:
            return _version(connection, path)
    except sqlite3.OperationalError:
        # A killed program's transaction, which another may be rolling back just now.
        with suppress(sqlite3.DatabaseError), read_only(path, as_is=True) as connection:
            return _version(connection, path)
        return 0


def migrate(connection: sqlite3.Connection, path: Path) -> Path | None:
    """Run the missing steps; the backup that was made first, if one was needed.

    Raises `HistoryError`; the file is then as it was before the step that failed.
    """
    version = _version(connection, path)
    backup = None
    if 0 < version < LATEST:
        backup = back_up(connection, _backup_path(path, version))
    while version < LATEST:
        with transaction(connection):
            # Another program may have been faster.
            version = _version(connection, path)
            # A new file gets all steps at once: nobody sees it half-made.
            upto = LATEST if version == 0 else min(version + 1, LATEST)
            for step in STEPS[version:upto]:
                for statement in step:
                    connection.execute(statement)
            if version < upto:
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={upto}")
            version = upto
    return backup


def back_up(connection: sqlite3.Connection, target: Path) -> Path:
    """Copy the whole history to a new file and check the copy.

    Raises `HistoryError`, and leaves no file then.
    """
    try:
        if target.exists():
            raise HistoryError(f"{target} already exists; choose another file.")
        connection.execute("VACUUM INTO ?", (str(target),))
        target.chmod(0o600)
        with closing(sqlite3.connect(target)) as copy:
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
            counts = [_count(c) for c in (connection, copy)]
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            target.unlink()
        raise HistoryError(
            f"Could not back up to {target}: {error}. Choose another file."
        ) from error
    if found != "ok" or counts[1] < counts[0]:
        target.unlink(missing_ok=True)
        raise HistoryError(
            f"The backup at {target} was damaged and is removed; try another disk."
        )
    return target


def _count(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM message").fetchone()[0]
    return count


def _backup_path(path: Path, version: int) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    name = f"{path.stem}-v{version}-{stamp}-{new_id()[-6:]}.backup.sqlite3"
    return path.with_name(name)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version: int
    application, version, tables = connection.execute(IDENTITY).fetchone()
    if application == 0 and version == 0 and tables == 0:
        return 0
    if application != APPLICATION_ID or version < 1:
        raise HistoryError(
            f"{path} belongs to another program; move it away to start a new history."
        )
    if version > LATEST:
        raise HistoryError(
            f"{path} was written by a newer version of Genesis Chat (schema "
            f"{version}, and this one knows {LATEST}); update the program."
        )
    return version
